// `parley show`: a conversation as it was at a position or a time, folded from the log alone.
import { presentMembers, type OpenConversation, type UserId } from '@parley/domain';
import type { ConversationHead } from '@parley/projections';
import { isBy, parseMoment } from './moment.ts';
import { WrongUsage, type OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { type Output } from './output.ts';
import { conversationIdOf, eventsOf, noSuchConversation } from './story/conversation-events.ts';
import { foldPast, type Past } from './story/past.ts';
import { storyEntry, storyLine } from './story/story.ts';

interface ShowFlags {
  readonly at?: string;
  readonly limit: number;
}

export const showConversation: OperatorCommand<ShowFlags> = async ({ system, output, flags, signal }, given = '') => {
  const id = conversationIdOf(given);
  const at = flags.at === undefined ? undefined : parseMoment(flags.at, system.world.now());
  const past = await foldPast(eventsOf(system, id, { signal }), {
    isBy: (stored) => at === undefined || isBy(stored, at),
    messagesMax: flags.limit,
  });
  const { head } = past;
  if (signal.aborted) return EXIT.interrupted;
  if (head === undefined && at === undefined) noSuchConversation(id);
  if (head?.state.type !== 'open') throw new WrongUsage(`${id} did not exist yet at ${flags.at}`);
  showPeople(output, past, { head, state: head.state });
  output.json(document(past, { head, state: head.state }));
  return EXIT.done;
};

interface Shown {
  readonly head: ConversationHead;
  readonly state: OpenConversation;
}

function showPeople(output: Output, { messages }: Past, { head, state }: Shown): void {
  const { conversationId, position, ordinal, lastActivityTs } = head;
  const title =
    state.kind === 'direct' ? 'direct chat' : `group ${state.name === undefined ? '' : JSON.stringify(state.name)}`;
  output.line(`${conversationId} at #${position}, ${new Date(lastActivityTs).toISOString()}`);
  output.line(
    `${title.trim()}, created by ${state.createdBy}; history: ${state.settings.history}; messages: ${ordinal}`,
  );
  output.line('');
  output.table(
    ['member', 'role', 'since'],
    members(state).map(({ userId, role, since }) => [userId, role, `#${since}`]),
  );
  const former = formerMembers(state);
  if (former.length > 0) output.line(`were members: ${former.join(', ')}`);
  output.line('');
  if (messages.length < ordinal) output.line(`… ${ordinal - messages.length} messages before (--limit)`);
  for (const stored of messages) output.line(storyLine(stored));
}

const document = ({ messages }: Past, { head, state }: Shown) => ({
  conversationId: head.conversationId,
  position: head.position,
  time: new Date(head.lastActivityTs).toISOString(),
  kind: state.kind,
  name: state.name,
  createdBy: state.createdBy,
  settings: state.settings,
  members: members(state),
  formerMembers: formerMembers(state),
  messageCount: head.ordinal,
  messages: messages.map(storyEntry),
});

const members = (state: OpenConversation) =>
  presentMembers(state).map((member) => ({
    ...member,
    since: state.members.get(member.userId)?.intervals.at(-1)?.from,
  }));

function formerMembers(state: OpenConversation): readonly UserId[] {
  const present = new Set(presentMembers(state).map(({ userId }) => userId));
  return [...state.members.keys()].filter((userId) => !present.has(userId));
}
