// A conversation's state as JSON text. Members are arrays, not an object: user ids are no keys (`__proto__` is one), the
// order in which they joined is kept, and 1,024 members take some 50 KB.
import type { ConversationState, MemberInterval, Membership, OpenConversation, Position, UserId } from '@parley/domain';

/** Id, role, then the ends of the intervals: from, to, from, to … an odd number of them while the member is present. */
type MemberCells = readonly [UserId, Membership['role'], ...Position[]];

type StoredState = Omit<OpenConversation, 'type' | 'members'> & { readonly members: readonly MemberCells[] };

export function stateToText({ type: _, members, ...rest }: OpenConversation): string {
  return JSON.stringify({ ...rest, members: [...members].map(memberCells) } satisfies StoredState);
}

export function textToState(text: string): ConversationState {
  const { members, ...rest } = JSON.parse(text) as StoredState;
  return { type: 'open', ...rest, members: new Map(members.map(memberEntry)) };
}

const memberCells = ([userId, { role, intervals }]: [UserId, Membership]): MemberCells => [
  userId,
  role,
  ...intervals.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to])),
];

const memberEntry = ([userId, role, ...ends]: MemberCells): [UserId, Membership] => [
  userId,
  { role, intervals: intervalsOf(ends) },
];

function intervalsOf(ends: readonly Position[]): readonly MemberInterval[] {
  return ends.flatMap((from, index) => {
    if (index % 2 === 1) return [];
    const to = ends[index + 1];
    return [to === undefined ? { from } : { from, to }];
  });
}
