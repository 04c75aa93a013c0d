// The people of a conversation: since when, until when, and with which role. Whoever decides about them is `conversation.ts`.
import type { Position, UserId } from '../ids.ts';

export type Role = 'owner' | 'admin' | 'member';

export interface Membership {
  readonly role: Role;
  /** In order, none overlapping; only the last may be open. */
  readonly intervals: readonly MemberInterval[];
}

/** Both ends belong to it: the event that added a member and the one that removed them are theirs to see. */
export interface MemberInterval {
  readonly from: Position;
  readonly to?: Position;
}

/** Everyone who is or was a member. */
export type Members = ReadonlyMap<UserId, Membership>;

/** The membership of someone who is a member now. */
export function present(members: Members, userId: UserId): Membership | undefined {
  const membership = members.get(userId);
  return membership?.intervals.at(-1)?.to === undefined ? membership : undefined;
}

export const covers = (interval: MemberInterval, position: Position): boolean =>
  interval.from <= position && (interval.to === undefined || position <= interval.to);

export interface Joining {
  readonly userIds: readonly UserId[];
  readonly role: Role;
}

/** A map of its caller's own. */
export function joined(members: Members, { userIds, role }: Joining, from: Position): Map<UserId, Membership> {
  const next = new Map(members);
  for (const userId of userIds) {
    const intervals = next.get(userId)?.intervals ?? [];
    if (!present(next, userId)) next.set(userId, { role, intervals: [...intervals, { from }] });
  }
  return next;
}

export function withRole(
  members: Members,
  { userId, role }: { readonly userId: UserId; readonly role: Role },
): Members {
  const membership = present(members, userId);
  return membership === undefined ? members : new Map(members).set(userId, { ...membership, role });
}

export function parted(members: Members, userId: UserId, to: Position): Members {
  const before = members.get(userId);
  const last = before?.intervals.at(-1);
  if (before === undefined || last === undefined || last.to !== undefined) return members;
  return new Map(members).set(userId, { ...before, intervals: [...before.intervals.slice(0, -1), { ...last, to }] });
}
