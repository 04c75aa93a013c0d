// A log of which only the reading is another's: how its events are fetched or put together, never what they are.
import type { EventLog } from '@parley/domain';

export const withReads = (log: EventLog, read: EventLog['read']): EventLog => ({
  shards: log.shards,
  append: (event, traceparent) => log.append(event, traceparent),
  read,
  readOne: (shard, position) => log.readOne(shard, position),
  head: (shard) => log.head(shard),
  conversationEvents: (conversationId, after) => log.conversationEvents(conversationId, after),
  conversation: (conversationId, range) => log.conversation(conversationId, range),
});
