// The cursor of each conversation, the position up to which this client has everything, and the rule that judges a live
// frame by it (PROTOCOL "Positions, gaps, resume"). Pure state; who asks for what is missing is `resuming.ts`.
import { NO_POSITION, type ConversationId, type Position } from '@parley/domain';
import { mapToPositions, textToPosition, type PositionsByConversation } from '@parley/protocol';
import type { Entry } from './entry.ts';

type Verdict = 'apply' | 'drop' | 'gap';

/** A conversation nobody told us of before: take it from the frame on, or fetch it from its first entry. */
export type UnknownConversations = 'from-here' | 'from-start';

export interface Cursors {
  get(id: ConversationId): Position | undefined;
  /** Judges a live entry; moves the cursor when it is to be applied. */
  live(entry: Entry): Verdict;
  /** An entry of `history`: false when it was applied before. Nothing to check: the server vouches for the chain. */
  historic(entry: Entry): boolean;
  /** What the server said after a resume: the cursor, visible to this user or not. */
  set(id: ConversationId, position: Position): void;
  /** Nothing of it is here yet. */
  begin(id: ConversationId): void;
  drop(id: ConversationId): void;
  clear(): void;
  ids(): readonly ConversationId[];
  /** As `last_seen` of a resume. */
  lastSeen(ids: readonly ConversationId[]): PositionsByConversation;
}

export function createCursors(unknown: UnknownConversations): Cursors {
  const cursors = new Map<ConversationId, Position>();
  return {
    get: (id) => cursors.get(id),
    live(entry) {
      const id = entry.conversation_id;
      const position = placeOf(entry);
      const prev = textToPosition(entry.prev_id);
      const cursor = cursors.get(id) ?? (unknown === 'from-start' ? NO_POSITION : prev);
      if (position <= cursor) return 'drop';
      if (prev > cursor) {
        cursors.set(id, cursor);
        return 'gap';
      }
      cursors.set(id, position);
      return 'apply';
    },
    historic(entry) {
      const id = entry.conversation_id;
      const position = placeOf(entry);
      if (position <= (cursors.get(id) ?? NO_POSITION)) return false;
      cursors.set(id, position);
      return true;
    },
    set: (id, position) => void cursors.set(id, position),
    begin: (id) => void cursors.set(id, NO_POSITION),
    drop: (id) => void cursors.delete(id),
    clear: () => cursors.clear(),
    ids: () => [...cursors.keys()],
    lastSeen: (ids) => mapToPositions(ids.map((id) => [id, cursors.get(id) ?? NO_POSITION])),
  };
}

/** A message's place is its id; a change names the message it changes and has a place of its own. */
export const placeOf = (entry: Entry): Position =>
  textToPosition(entry.type === 'message' ? entry.message_id : entry.position);
