// REST: saying something, and reading what was said.
import { shardOf, type ConversationId, type Position } from '@parley/domain';
import { readPage, readRow, type PageRequest, type TimelineView } from '@parley/projections';
import { positionToText, textToPosition, type InputOf, type MessagePage, type StoredMessage } from '@parley/protocol';
import { conversationRowToFrame, messageRowToFrame } from '../entries.ts';
import { say } from '../say.ts';
import { jsonAnswer } from './answer.ts';
import { isRefused, refused, seenBy, type Call, type RestContext, type Result } from './call.ts';

export async function sendMessage({ context, input, caller }: Call<'sendMessage'>): Promise<Result> {
  const conversationId = input.params.conversation_id;
  const { outcome } = await say(context, {
    senderId: caller,
    target: { conversation_id: conversationId },
    content: input.body,
  });
  if (outcome.type === 'Refused') return outcome;
  const position = positionToText(outcome.position);
  const server_ts = await storedTs(context, conversationId, outcome.position);
  const answer: StoredMessage = { message_id: position, position, server_ts };
  return jsonAnswer(outcome.duplicate ? 200 : 201, answer);
}

/** The log's own time of it, so that a repeat is answered with the same. */
async function storedTs({ log }: RestContext, id: ConversationId, position: Position): Promise<number> {
  const stored = await log.readOne(shardOf(id, log.shards), position);
  if (!stored) throw new Error(`${id}: the log has no event at ${position}, which it acked`);
  return stored.storedTs;
}

export const listMessages = (call: Call<'listMessages'>): Promise<Result> =>
  call.context.timeline.page(call.input.params.conversation_id, (view) => pageIn(view, call));

async function pageIn(view: TimelineView, { context, input, caller }: Call<'listMessages'>): Promise<Result> {
  const state = seenBy(view.state, caller);
  if (isRefused(state)) return state;
  const { limit = context.limits.pageEntriesDefault } = input.query;
  const page = await readPage(view, { viewer: caller, anchor: anchorOf(input.query), limit });
  const viewing = { viewer: caller, state };
  const events = page.conversationEvents.flatMap((row) => conversationRowToFrame(row, viewing) ?? []);
  const answer: MessagePage = {
    messages: page.messages.flatMap((row) => messageRowToFrame(row) ?? []),
    ...(events.length === 0 ? {} : { conversations: events }),
    has_more: page.hasMore,
    ...(view.asOfTs === undefined ? {} : { stale: true, as_of_ts: view.asOfTs }),
  };
  return jsonAnswer(200, answer);
}

function anchorOf({ before, after, around }: InputOf<'listMessages'>['query']): PageRequest['anchor'] {
  if (before !== undefined) return { before: textToPosition(before) };
  if (after !== undefined) return { after: textToPosition(after) };
  return around === undefined ? undefined : { around: textToPosition(around) };
}

export async function getMessage({ context, input, caller }: Call<'getMessage'>): Promise<Result> {
  const view = await context.timeline.view(input.params.conversation_id);
  const state = seenBy(view.state, caller);
  if (isRefused(state)) return state;
  const row = await readRow(view, caller, textToPosition(input.params.message_id));
  const message = row && messageRowToFrame(row);
  return message ? jsonAnswer(200, message) : refused({ type: 'NoSuchMessage' });
}
