// What a chat client tells its application.
import type { ConversationId, Position } from '@parley/domain';
import type { MessagePage } from '@parley/protocol';
import type { ConnectionStatus } from './connection.ts';
import type { Entry } from './entry.ts';
import type { Outgoing } from './outgoing.ts';

/** Callbacks; none may throw. */
export interface ChatEvents {
  readonly status: (status: ConnectionStatus) => void;
  /** Each entry once, in the order of its conversation, until the conversation is `dropped` or everything `reset`. */
  readonly entry: (entry: Entry, from: 'live' | 'history') => void;
  /** Too much was missed: forget what was shown of it before this page. `entry` goes on after the page's head. */
  readonly newestPage: (conversationId: ConversationId, page: MessagePage) => void;
  /** A conversation there was nothing from yet, and where it stands. */
  readonly discovered: (conversationId: ConversationId, head: Position) => void;
  /** There is more in it than was told live: `catchUp` when it is looked at. */
  readonly behind: (conversationId: ConversationId, head: Position) => void;
  /** We are no member any more. */
  readonly dropped: (conversationId: ConversationId) => void;
  /** The log is another one than before (a backup was restored): forget everything. */
  readonly reset: () => void;
  readonly outgoing: (outgoing: Outgoing) => void;
  /** Something went wrong that heals by itself, in words. */
  readonly trouble: (text: string) => void;
}
