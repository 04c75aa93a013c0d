// What happened in a conversation, as the wire tells it.
import type { ChangeFrame, ConversationFrame, MessageFrame } from '@parley/protocol';

export type Entry = MessageFrame | ChangeFrame | ConversationFrame;
