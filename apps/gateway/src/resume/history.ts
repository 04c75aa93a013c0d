// Missed rows as `history` frames, oldest first, each bounded in entries and in bytes.
import type { ConversationId } from '@parley/domain';
import type { TimelineRow } from '@parley/projections';
import type { ConversationFrame, HistoryFrame, MessageFrame, WireLimits } from '@parley/protocol';
import { conversationRowToFrame, messageRowToFrame, type Viewing } from '../entries.ts';

export interface MissedRows extends Viewing {
  readonly conversationId: ConversationId;
  readonly rows: readonly TimelineRow[];
}

type HistoryLimits = Pick<WireLimits, 'historyEntriesMax' | 'historyBytesMax'>;
type Entry = MessageFrame | ConversationFrame;

/** What a `history` has besides its entries, ids of the greatest length included. */
const frameBytesBesides = 512;

export function* historyFrames(missed: MissedRows, limits: HistoryLimits): Generator<HistoryFrame> {
  let entries: Entry[] = [];
  let bytes = frameBytesBesides;
  for (const row of missed.rows) {
    const entry = messageRowToFrame(row) ?? conversationRowToFrame(row, missed);
    if (!entry) continue;
    const entryBytes = Buffer.byteLength(JSON.stringify(entry)) + 1;
    const isFull = entries.length === limits.historyEntriesMax || bytes + entryBytes > limits.historyBytesMax;
    if (isFull && entries.length > 0) {
      yield history(missed.conversationId, entries, true);
      entries = [];
      bytes = frameBytesBesides;
    }
    entries.push(entry);
    bytes += entryBytes;
  }
  if (entries.length > 0) yield history(missed.conversationId, entries, false);
}

const history = (id: ConversationId, entries: readonly Entry[], more: boolean): HistoryFrame => ({
  type: 'history',
  conversation_id: id,
  messages: entries.filter((entry) => entry.type === 'message'),
  changes: [],
  conversations: entries.filter((entry) => entry.type === 'conversation'),
  more,
});
