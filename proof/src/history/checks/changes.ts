// Changes of conversations: each that the log has was for its actor to make (owners everything; admins name, settings and plain members;
// plain members nothing but to leave), changed something, and left an owner to whoever stayed; a direct chat never changes. And what was
// answered with success was so at some moment between question and answer: none is lost. Cannot see: a refusal that was not due.
import { isDefined, type Facts, type Offence } from '../facts.ts';
import { statesIn, stepsOf, type GroupState, type Step } from '../group-states.ts';
import type { ConversationChange, HistoryEntry, MembersAnswered, MembersAsked } from '../history.ts';

export function checkChanges(facts: Facts): readonly Offence[] {
  const steps = new Map([...facts.logs].map(([conversation, log]) => [conversation, stepsOf(log)]));
  const logged = [...steps].flatMap(([conversation, theirs]) => theirs.map((step) => wrong(conversation, step)));
  return [...logged, ...answersOf(facts).map((answer) => undone(facts, answer, steps))].filter(isDefined);
}

function wrong(conversation: string, step: Step): Offence | undefined {
  const { event, before, after } = step;
  const { said, position } = event;
  const what = `${conversation} has at ${position} ${said.by}'s ${said.type} ${said.users.join(', ')}`;
  if (conversation.startsWith('d_') && said.type !== 'created') return offence(`${what}: a direct chat`, [event]);
  if (!isAllowed(before, said)) return offence(`${what}, who was ${before.roles.get(said.by) ?? 'no member'}`, [event]);
  if (!isNews(before, said)) return offence(`${what}, which was so before`, [event]);
  const isOrphaned = after.roles.size > 0 && !after.roles.values().some((role) => role === 'owner');
  return isOrphaned ? offence(`${what}, and nobody is owner any more`, [event]) : undefined;
}

function isAllowed({ roles }: GroupState, { type, by, users, role }: ConversationChange): boolean {
  const actor = roles.get(by);
  const isOver = (target: string | undefined) => actor === 'owner' || (actor === 'admin' && target === 'member');
  switch (type) {
    case 'created':
      return roles.size === 0;
    case 'left':
      return actor !== undefined && users.every((user) => user === by);
    case 'renamed':
    case 'settings':
      return actor === 'owner' || actor === 'admin';
    case 'added':
      return isOver(role);
    case 'removed':
      return users.every((user) => isOver(roles.get(user)));
    case 'role':
      return actor === 'owner';
  }
}

function isNews({ roles, name, history }: GroupState, change: ConversationChange): boolean {
  switch (change.type) {
    case 'created':
      return true;
    case 'added':
      return change.users.length > 0 && change.users.every((user) => !roles.has(user));
    case 'removed':
    case 'left':
      return change.users.length > 0 && change.users.every((user) => roles.has(user));
    case 'role':
      return change.users.every((user) => roles.has(user) && roles.get(user) !== change.role);
    case 'renamed':
      return change.name !== name;
    case 'settings':
      return change.history !== history;
  }
}

interface Answer {
  readonly asked: MembersAsked;
  readonly answered: MembersAnswered;
}

function answersOf({ history }: Facts): readonly Answer[] {
  const asked = new Map<string, MembersAsked>();
  return history.flatMap((entry) => {
    if (entry.kind === 'members-asked') asked.set(entry.ref, entry);
    const question = entry.kind === 'members-answered' && entry.ok ? asked.get(entry.ref) : undefined;
    return question && entry.kind === 'members-answered' ? [{ asked: question, answered: entry }] : [];
  });
}

function undone(
  facts: Facts,
  { asked, answered }: Answer,
  steps: ReadonlyMap<string, readonly Step[]>,
): Offence | undefined {
  const conversation = asked.conversation ?? answered.conversation ?? '';
  const window = facts.logOf(conversation).window(asked.atMs, answered.atMs, facts.options.clockSkewMsMax);
  if (statesIn(steps.get(conversation) ?? [], window).some((state) => holds(state, asked))) return undefined;
  const what = [...asked.users, asked.role, asked.name, asked.history].filter(isDefined).join(', ');
  return offence(`${asked.user} was told yes to ${asked.command} ${what} in ${conversation}, and it was never so`, [
    asked,
    answered,
  ]);
}

function holds({ roles, name, history }: GroupState, asked: MembersAsked): boolean {
  switch (asked.command) {
    case 'create':
      return roles.size > 0;
    case 'add':
      return asked.users.every((user) => roles.has(user));
    case 'remove':
    case 'leave':
      return !asked.users.some((user) => roles.has(user));
    case 'rename':
      return name === asked.name;
    case 'settings':
      return history === asked.history;
    case 'role':
      return asked.users.every((user) => roles.get(user) === asked.role);
  }
}

const offence = (sentence: string, entries: readonly HistoryEntry[]): Offence => ({
  kind: 'changes',
  sentence,
  entries,
});
