// What the log makes of a group: who is in it with which role, its name and its setting, after each event. Written from the contract
// alone, to judge by.
import type { ConversationLog, Window } from './conversation-log.ts';
import type { ConversationChange, Logged, Role } from './history.ts';

export interface GroupState {
  readonly roles: ReadonlyMap<string, Role>;
  readonly name?: string | undefined;
  readonly history?: 'shared' | 'since_join' | undefined;
}

export interface Step {
  readonly event: Logged & { readonly said: ConversationChange };
  readonly before: GroupState;
  readonly after: GroupState;
}

const NOBODY: GroupState = { roles: new Map() };

export function stepsOf(log: ConversationLog): readonly Step[] {
  let state = NOBODY;
  return log.accepted.filter(isChange).map((event) => {
    const before = state;
    state = apply(before, event.said);
    return { event, before, after: state };
  });
}

const isChange = (event: Logged): event is Step['event'] => event.said.type !== 'message';

/** Every state that held at some moment of the window. */
export function statesIn(steps: readonly Step[], { fromPosition, toPosition }: Window): readonly GroupState[] {
  const begun = steps.filter(({ event }) => event.position <= toPosition);
  const during = begun.filter(({ event }) => event.position > fromPosition);
  const atFirst = begun[begun.length - during.length - 1]?.after ?? NOBODY;
  return [atFirst, ...during.map(({ after }) => after)];
}

function apply(state: GroupState, said: ConversationChange): GroupState {
  const roles = new Map(state.roles);
  switch (said.type) {
    case 'created':
      for (const user of said.users) roles.set(user, user === said.by ? 'owner' : 'member');
      return { roles, name: said.name, history: said.history };
    case 'added':
    case 'role':
      for (const user of said.users) roles.set(user, said.role ?? 'member');
      return { ...state, roles };
    case 'removed':
    case 'left':
      for (const user of said.users) roles.delete(user);
      return { ...state, roles };
    case 'renamed':
      return { ...state, name: said.name };
    case 'settings':
      return { ...state, history: said.history };
  }
}
