// The events of one conversation for commands that look at it, read from the log alone.
import {
  NO_POSITION,
  parseConversationId,
  shardOf,
  type ConversationId,
  type Position,
  type StoredEvent,
} from '@parley/domain';
import type { RawRecord } from '@parley/infra/nats';
import { WrongUsage } from '../operate.ts';
import type { System } from '../system.ts';

export interface Range {
  readonly after?: Position;
  readonly upTo?: Position;
  readonly signal: AbortSignal;
}

/** Throws WrongUsage when this is no id of a conversation. */
export function conversationIdOf(text: string): ConversationId {
  const id = parseConversationId(text);
  if (id === undefined)
    throw new WrongUsage(`"${text}" is no conversation's id: 1 to 64 of the characters A-Z a-z 0-9 _ -`);
  return id;
}

/** Exactly as they are stored, some at a time. */
export const recordsOf = (
  { log }: System,
  id: ConversationId,
  { after = NO_POSITION, upTo, signal }: Range,
): AsyncIterable<readonly RawRecord[]> => log.records(id, { after, upTo, signal });

/** Throws UnknownEventVersion or MalformedEvent at one that this build cannot read. */
export async function* eventsOf(
  { log }: System,
  id: ConversationId,
  { after = NO_POSITION, upTo, signal }: Range,
): AsyncGenerator<readonly StoredEvent[]> {
  const head = await log.head(shardOf(id, log.shards));
  yield* log.conversation(id, { after, upTo: upTo ?? head, signal });
}

export function noSuchConversation(id: ConversationId): never {
  throw new WrongUsage(`the log has no event of ${id}`);
}
