// A conversation: who is in it, since when, and who may change that. What is said in it is `message/`.
import { accepted, refused, unchanged, type Decider, type Decision, type Fact } from '../decider.ts';
import { NO_POSITION, type Position, type UserId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { covers, joined, parted, present, withRole, type MemberInterval, type Members, type Role } from './members.ts';

// Events

export type ConversationEvent =
  | ConversationCreated
  | ConversationRenamed
  | SettingsChanged
  | MembersAdded
  | MemberRemoved
  | MemberLeft
  | RoleChanged;

export interface ConversationCreated {
  readonly type: 'conversation.created';
  readonly kind: ConversationKind;
  /** In a group the creator is among them, and its owner. */
  readonly memberIds: readonly UserId[];
  readonly name?: string;
  readonly settings: ConversationSettings;
}

export interface ConversationRenamed {
  readonly type: 'conversation.renamed';
  readonly name: string;
}

export interface SettingsChanged {
  readonly type: 'conversation.settings_changed';
  /** All of them, those that stayed too. */
  readonly settings: ConversationSettings;
}

export interface MembersAdded {
  readonly type: 'conversation.members_added';
  readonly userIds: readonly UserId[];
  readonly role: Role;
}

export interface MemberRemoved {
  readonly type: 'conversation.member_removed';
  readonly userId: UserId;
}

export interface MemberLeft {
  readonly type: 'conversation.member_left';
  readonly userId: UserId;
}

export interface RoleChanged {
  readonly type: 'conversation.role_changed';
  readonly userId: UserId;
  readonly role: Role;
}

export type ConversationKind = 'direct' | 'group';

export interface ConversationSettings {
  /**
   * `shared`: members also read what was said before they joined. What holds now holds for all that was ever said: a change
   * opens or closes the past, and what was said while one was a member stays readable either way.
   */
  readonly history: 'shared' | 'since_join';
}

export const DEFAULT_SETTINGS: ConversationSettings = { history: 'shared' };

// State

export type ConversationState = NoConversation | OpenConversation;

export interface NoConversation {
  readonly type: 'none';
}

export interface OpenConversation {
  readonly type: 'open';
  readonly kind: ConversationKind;
  readonly createdBy: UserId;
  readonly createdBodyHash: string;
  readonly name?: string;
  readonly settings: ConversationSettings;
  /** Everyone who is or was a member: every position has one answer to "who was a member then". */
  readonly members: Members;
}

export const isMember = (state: ConversationState, userId: UserId): boolean =>
  state.type === 'open' && present(state.members, userId) !== undefined;

export function wasMemberAt(state: ConversationState, userId: UserId, position: Position): boolean {
  if (state.type === 'none') return false;
  return (state.members.get(userId)?.intervals ?? []).some((interval) => covers(interval, position));
}

export function membersAt(state: ConversationState, position: Position): readonly UserId[] {
  if (state.type === 'none') return [];
  const members: UserId[] = [];
  for (const [userId, membership] of state.members) {
    if (membership.intervals.some((interval) => covers(interval, position))) members.push(userId);
  }
  return members;
}

/** Present members with their roles, in the order in which they first joined. */
export function presentMembers(state: ConversationState): readonly { readonly userId: UserId; readonly role: Role }[] {
  if (state.type === 'none') return [];
  const { members } = state;
  return [...members].filter(([id]) => present(members, id)).map(([userId, { role }]) => ({ userId, role }));
}

/** The positions this user may read now, in order. Only present members read anything; see ConversationSettings. */
export function visibleIntervals(state: ConversationState, userId: UserId): readonly MemberInterval[] {
  if (state.type === 'none') return [];
  const membership = present(state.members, userId);
  if (!membership) return [];
  return state.settings.history === 'shared' ? [{ from: NO_POSITION }] : membership.intervals;
}

/** May they read now what is at that position? */
export const canRead = (state: ConversationState, userId: UserId, position: Position): boolean =>
  visibleIntervals(state, userId).some((interval) => covers(interval, position));

// Evolve

export function evolve(state: ConversationState, fact: Fact<ConversationEvent>): ConversationState {
  const { event, position } = fact;
  if (event.type === 'conversation.created') return state.type === 'none' ? opened(fact, event) : state;
  if (state.type === 'none') return state;
  switch (event.type) {
    case 'conversation.renamed':
      return { ...state, name: event.name };
    case 'conversation.settings_changed':
      return { ...state, settings: event.settings };
    case 'conversation.role_changed':
      return { ...state, members: withRole(state.members, event) };
    case 'conversation.members_added':
      return { ...state, members: joined(state.members, event, position) };
    case 'conversation.member_removed':
    case 'conversation.member_left':
      return { ...state, members: parted(state.members, event.userId, position) };
  }
}

function opened(fact: Fact<ConversationEvent>, event: ConversationCreated): OpenConversation {
  const members = joined(new Map(), { userIds: event.memberIds, role: 'member' }, fact.position);
  if (event.kind === 'group') members.set(fact.actorId, { role: 'owner', intervals: [{ from: fact.position }] });
  return {
    type: 'open',
    kind: event.kind,
    createdBy: fact.actorId,
    createdBodyHash: fact.bodyHash,
    ...(event.name === undefined ? {} : { name: event.name }),
    settings: event.settings,
    members,
  };
}

// Commands

export type ConversationCommand =
  | CreateConversation
  | RenameConversation
  | ChangeSettings
  | AddMembers
  | RemoveMember
  | LeaveConversation
  | ChangeRole;

export interface CreateConversation {
  readonly type: 'create';
  readonly actorId: UserId;
  readonly kind: ConversationKind;
  /** Without regard to order or repetition; the actor is always one of them. */
  readonly memberIds: readonly UserId[];
  readonly name?: string;
  readonly settings: ConversationSettings;
  readonly bodyHash: string;
}

export interface RenameConversation {
  readonly type: 'rename';
  readonly actorId: UserId;
  readonly name: string;
}

export interface ChangeSettings {
  readonly type: 'change-settings';
  readonly actorId: UserId;
  /** What is not named stays. */
  readonly settings: Partial<ConversationSettings>;
}

export interface AddMembers {
  readonly type: 'add-members';
  readonly actorId: UserId;
  readonly userIds: readonly UserId[];
  readonly role: Role;
}

export interface RemoveMember {
  readonly type: 'remove-member';
  readonly actorId: UserId;
  readonly userId: UserId;
}

export interface LeaveConversation {
  readonly type: 'leave';
  readonly actorId: UserId;
}

export interface ChangeRole {
  readonly type: 'change-role';
  readonly actorId: UserId;
  readonly userId: UserId;
  readonly role: Role;
}

export type ConversationRefusal =
  | { readonly type: 'NoSuchConversation' }
  | { readonly type: 'NotAMember' }
  | { readonly type: 'NoSuchMember' }
  | { readonly type: 'Forbidden'; readonly reason: string }
  | { readonly type: 'InvalidConversation'; readonly reason: string }
  | { readonly type: 'TooManyMembers'; readonly max: number }
  | { readonly type: 'IdempotencyMismatch' };

// Decide

type Outcome = Decision<ConversationEvent, ConversationRefusal>;

export function decide(command: ConversationCommand, state: ConversationState): Outcome {
  if (command.type === 'create') return create(command, state);
  if (state.type === 'none') return refused({ type: 'NoSuchConversation' });
  if (!state.members.has(command.actorId)) return refused({ type: 'NotAMember' });
  if (state.kind === 'direct') return refused({ type: 'Forbidden', reason: 'a direct chat stays as it is' });
  switch (command.type) {
    case 'rename':
      return rename(command, state);
    case 'change-settings':
      return changeSettings(command, state);
    case 'change-role':
      return changeRole(command, state);
    case 'add-members':
      return addMembers(command, state);
    case 'remove-member':
      return command.userId === command.actorId ? leave(command.actorId, state) : removeMember(command, state);
    case 'leave':
      return leave(command.actorId, state);
  }
}

function create(command: CreateConversation, state: ConversationState): Outcome {
  if (state.type === 'open') {
    const isRepeat = state.kind === 'direct' || state.createdBodyHash === command.bodyHash;
    return isRepeat ? unchanged : refused({ type: 'IdempotencyMismatch' });
  }
  const memberIds = [...new Set([command.actorId, ...command.memberIds])];
  if (command.kind === 'direct' && memberIds.length !== 2) {
    return refused({ type: 'InvalidConversation', reason: 'a direct chat has exactly one other member' });
  }
  if (memberIds.length > LIMITS.groupMembersMax) return tooManyMembers;
  return accepted({
    type: 'conversation.created',
    kind: command.kind,
    memberIds,
    ...(command.name === undefined ? {} : { name: command.name }),
    settings: command.settings,
  });
}

function rename({ actorId, name }: RenameConversation, state: OpenConversation): Outcome {
  const refusal = unlessManager(actorId, state, 'renaming the group');
  if (refusal) return refusal;
  return name === state.name ? unchanged : accepted({ type: 'conversation.renamed', name });
}

function changeSettings(command: ChangeSettings, state: OpenConversation): Outcome {
  const refusal = unlessManager(command.actorId, state, 'changing the settings');
  if (refusal) return refusal;
  const settings = { ...state.settings, ...command.settings };
  const isSame = settings.history === state.settings.history;
  return isSame ? unchanged : accepted({ type: 'conversation.settings_changed', settings });
}

/** Owners and admins look after name and settings. */
function unlessManager(actorId: UserId, { members }: OpenConversation, what: string): Outcome | undefined {
  const actor = present(members, actorId);
  if (!actor) return refused({ type: 'NotAMember' });
  return actor.role === 'member' ? refused({ type: 'Forbidden', reason: what }) : undefined;
}

function addMembers(command: AddMembers, state: OpenConversation): Outcome {
  const actor = present(state.members, command.actorId);
  if (!actor) return refused({ type: 'NotAMember' });
  if (!outranks(actor.role, command.role)) return refused({ type: 'Forbidden', reason: `adding as ${command.role}` });
  const userIds = [...new Set(command.userIds)].filter((userId) => !isMember(state, userId));
  if (userIds.length === 0) return unchanged;
  if (presentMembers(state).length + userIds.length > LIMITS.groupMembersMax) return tooManyMembers;
  if (intervalsEver(state) + userIds.length > LIMITS.membershipIntervalsMax) return tooManyMembers;
  return accepted({ type: 'conversation.members_added', userIds, role: command.role });
}

function removeMember(command: RemoveMember, state: OpenConversation): Outcome {
  const actor = present(state.members, command.actorId);
  if (!actor) return refused({ type: 'NotAMember' });
  const target = present(state.members, command.userId);
  if (!target) return unchanged;
  if (!outranks(actor.role, target.role)) return refused({ type: 'Forbidden', reason: `removing a ${target.role}` });
  return accepted({ type: 'conversation.member_removed', userId: command.userId });
}

function leave(userId: UserId, state: OpenConversation): Outcome {
  if (!isMember(state, userId)) return unchanged;
  if (isOnlyOwner(state, userId) && presentMembers(state).length > 1) return handOverFirst;
  return accepted({ type: 'conversation.member_left', userId });
}

function changeRole({ actorId, userId, role }: ChangeRole, state: OpenConversation): Outcome {
  const actor = present(state.members, actorId);
  if (!actor) return refused({ type: 'NotAMember' });
  if (actor.role !== 'owner') return refused({ type: 'Forbidden', reason: 'changing roles' });
  const target = present(state.members, userId);
  if (!target) return refused({ type: 'NoSuchMember' });
  if (target.role === role) return unchanged;
  // Only owners change roles: without another one, it is the actor's own.
  if (isOnlyOwner(state, userId)) return handOverFirst;
  return accepted({ type: 'conversation.role_changed', userId, role });
}

/** While somebody is in a group, somebody can look after it. */
const handOverFirst = refused({ type: 'Forbidden', reason: 'hand over to another owner first' } as const);

const isOnlyOwner = (state: OpenConversation, userId: UserId): boolean =>
  present(state.members, userId)?.role === 'owner' &&
  presentMembers(state).every((member) => member.userId === userId || member.role !== 'owner');

/** Owners act on everyone, admins on plain members, plain members on nobody. */
const outranks = (actor: Role, target: Role): boolean =>
  actor === 'owner' || (actor === 'admin' && target === 'member');

const intervalsEver = (state: OpenConversation): number =>
  state.members.values().reduce((sum, membership) => sum + membership.intervals.length, 0);

const tooManyMembers = refused({ type: 'TooManyMembers', max: LIMITS.groupMembersMax } as const);

export const NO_CONVERSATION: NoConversation = { type: 'none' };

export const conversation: Decider<ConversationState, ConversationCommand, ConversationEvent, ConversationRefusal> = {
  initialState: NO_CONVERSATION,
  decide,
  evolve,
};
