// Opening, creating and changing conversations: `.meta` commands through the one handler.
import {
  ACCEPTANCE,
  conversation,
  DEFAULT_SETTINGS,
  directConversationId,
  groupConversationId,
  newGroupConversationId,
  type ConversationCommand,
  type ConversationId,
  type ConversationRefusal,
  type ConversationSettings,
  type CreateConversation,
  type Digest,
  type UserId,
  type World,
} from '@parley/domain';
import { handleCommand, type CommandHandling, type CommandOutcome } from './handle-command.ts';
import { inLine, type KeyedQueue } from './keyed-queue.ts';

export interface Changing extends CommandHandling {
  readonly world: World;
  readonly digest: Digest;
  readonly queue: KeyedQueue;
}

export type ChangeOutcome = CommandOutcome<ConversationRefusal>;

export interface Opened {
  readonly conversationId: ConversationId;
  readonly outcome: ChangeOutcome;
}

/** Opening a direct chat again is no change; whoever of the two was first created it. */
export async function openDirect(changing: Changing, actorId: UserId, otherId: UserId): Promise<Opened> {
  const conversationId = directConversationId(actorId, otherId, changing.digest);
  const command = { actorId, kind: 'direct', memberIds: [actorId, otherId], settings: DEFAULT_SETTINGS } as const;
  return { conversationId, outcome: await create(changing, conversationId, { ...command, bodyHash: '' }) };
}

export interface GroupRequest {
  readonly creatorId: UserId;
  readonly memberIds: readonly UserId[];
  readonly name?: string;
  readonly settings?: ConversationSettings;
  /** The same key again names the same group; without one every request makes a new one. */
  readonly idempotencyKey?: string;
}

export async function createGroup(changing: Changing, request: GroupRequest): Promise<Opened> {
  const { creatorId, memberIds, name, settings = DEFAULT_SETTINGS, idempotencyKey } = request;
  const conversationId =
    idempotencyKey === undefined
      ? newGroupConversationId(changing.world.uuid())
      : groupConversationId(creatorId, idempotencyKey, changing.digest);
  const others = [...new Set(memberIds)].filter((userId) => userId !== creatorId).toSorted();
  const asked = [others, name ?? null, settings.history];
  const outcome = await create(changing, conversationId, {
    actorId: creatorId,
    kind: 'group',
    memberIds,
    ...(name === undefined ? {} : { name }),
    settings,
    bodyHash: changing.digest(JSON.stringify(asked)),
  });
  return { conversationId, outcome };
}

async function create(changing: Changing, id: ConversationId, asked: Omit<CreateConversation, 'type'>) {
  const command: CreateConversation = { ...asked, type: 'create' };
  const outcome = await changeWithKey(changing, { id, command, key: changing.digest(`${id} created`) });
  if (outcome.type !== 'Appended' || !outcome.duplicate) return outcome;
  // Someone's earlier copy is in the log, perhaps with other content, perhaps void: what it made of the state decides.
  const { state } = await changing.states.current(id);
  const decision = conversation.decide(command, state);
  if (decision.type === 'Unchanged') return { type: 'Unchanged', state } as const;
  return decision.type === 'Refused' ? decision : ({ type: 'Unavailable', retryAfterMs: voidedRetryMs } as const);
}

/** A creation that was stored too late blocks its id for as long as the log remembers it. */
const voidedRetryMs = ACCEPTANCE.dedupWindowMs;

export type ChangeCommand = Exclude<ConversationCommand, CreateConversation>;

/**
 * A change of an existing conversation. Asked twice it is one change: the second finds nothing to do. One at a time here, for each
 * makes all others stale: so it only races with other gateways.
 */
export async function changeConversation(
  changing: Changing,
  id: ConversationId,
  command: ChangeCommand,
): Promise<ChangeOutcome> {
  const { queue, digest, world } = changing;
  const change = () => changeWithKey(changing, { id, command, key: digest(world.uuid()) });
  // No sender's id has a dot: nobody's messages wait here.
  return inLine(queue, `${id} .meta`, change);
}

async function changeWithKey(
  changing: Changing,
  change: { readonly id: ConversationId; readonly command: ConversationCommand; readonly key: string },
): Promise<ChangeOutcome> {
  const { id, command, key } = change;
  return handleCommand(changing, {
    conversationId: id,
    actorId: command.actorId,
    decide: (state) => conversation.decide(command, state),
    idempotencyKey: key,
    bodyHash: command.type === 'create' ? command.bodyHash : '',
    notAfterTs: changing.world.now() + ACCEPTANCE.notAfterMs,
  });
}
