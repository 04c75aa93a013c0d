// Mutations of what happens to a group: changes that its rules forbid, that come twice, or that are lost.
import { stepsOf } from '../group-states.ts';
import type { ConversationChange, History, Logged } from '../history.ts';
import type { Mutation, Past } from './editing.ts';

export const mismanagement: readonly Mutation[] = [
  {
    name: 'lets a plain member rename the group',
    caughtBy: 'changes',
    says: /renamed .*, who was member/,
    mutate: (past) => alterChange(past, 'renamed', (roles) => roles.find(([, role]) => role === 'member')?.[0]),
  },
  {
    name: 'lets an admin change roles',
    caughtBy: 'changes',
    says: /role .*, who was admin/,
    mutate(past) {
      const like = past.pick(past.messages);
      const position = past.nextPosition;
      const by = (user: string, users: readonly string[]) => ({ by: user, users, role: 'admin' as const });
      return (
        like &&
        past.with(
          { ...like, position, said: { type: 'added', ...by('ann', ['mallory', 'eric']) } },
          { ...like, position: position + 1, said: { type: 'role', ...by('mallory', ['eric']), role: 'member' } },
        )
      );
    },
  },
  {
    name: 'lets a stranger change the settings',
    caughtBy: 'changes',
    says: /settings .*, who was no member/,
    mutate: (past) => alterChange(past, 'settings', () => 'mallory'),
  },
  {
    name: 'applies a change twice',
    caughtBy: 'changes',
    says: /which was so before/,
    mutate(past) {
      const changes = [...past.logs.values()].flatMap((log) => stepsOf(log).slice(-1));
      const { event } = past.pick(changes) ?? {};
      return event && past.with({ ...event, position: past.nextPosition });
    },
  },
  {
    name: 'loses a change that it granted',
    caughtBy: 'changes',
    says: /told yes to rename/,
    mutate(past) {
      const lost = past.pick(logged(past, 'renamed'));
      return lost && past.without((entry) => entry === lost);
    },
  },
  {
    name: 'lets the last owner leave the others alone',
    caughtBy: 'changes',
    says: /nobody is owner/,
    mutate(past) {
      const said: ConversationChange = { type: 'left', by: 'ann', users: ['ann'] };
      const like = past.pick(past.messages.filter(({ conversation }) => hasOthers(past, conversation)));
      return like && past.with({ ...like, position: past.nextPosition, said });
    },
  },
  {
    name: 'renames a direct chat',
    caughtBy: 'changes',
    says: /a direct chat/,
    mutate(past) {
      const [like] = past.messages;
      const [conversation, position] = ['d_ann_bob', past.nextPosition];
      const created: ConversationChange = { type: 'created', by: 'ann', users: ['ann', 'bob'], history: 'shared' };
      const renamed: ConversationChange = { type: 'renamed', by: 'ann', users: [], name: 'us' };
      return (
        like &&
        past.with(
          { ...like, conversation, position, said: created },
          { ...like, conversation, position: position + 1, said: renamed },
        )
      );
    },
  },
  {
    name: 'tells another name than was given',
    caughtBy: 'invented or altered',
    mutate(past) {
      const frames = past.ofKind('received').filter(({ said }) => said.type === 'renamed');
      return past.alter(past.pick(frames), ({ said }) => ({
        said: said.type === 'message' ? said : { ...said, name: 'another' },
      }));
    },
  },
];

const logged = (past: Past, type: ConversationChange['type']): readonly Logged[] =>
  past.ofKind('logged').filter(({ said, isVoid }) => said.type === type && !isVoid);

const hasOthers = (past: Past, conversation: string): boolean => {
  const log = past.logs.get(conversation);
  return log !== undefined && (stepsOf(log).at(-1)?.after.roles.size ?? 0) > 1;
};

type Roles = readonly (readonly [user: string, role: string])[];

/** One of those changes, made by somebody whom it does not become. */
function alterChange(
  past: Past,
  type: ConversationChange['type'],
  actorOf: (before: Roles) => string | undefined,
): History | undefined {
  const candidates = [...past.logs.values()].flatMap((log) =>
    stepsOf(log).flatMap(({ event, before }) => {
      const by = event.said.type === type ? actorOf([...before.roles]) : undefined;
      return by === undefined ? [] : [{ event, by }];
    }),
  );
  const { event, by } = past.pick(candidates) ?? {};
  return event && by !== undefined
    ? past.alter<Logged>(event, ({ said }) => ({ said: { ...said, by } as ConversationChange }))
    : undefined;
}
