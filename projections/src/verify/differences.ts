// What verifying finds.
import type { ConversationId, Position, Shard } from '@parley/domain';
import type { Flaw, ParkedConversation } from '../projection.ts';

export type Difference =
  | {
      readonly type: 'missing';
      readonly conversationId: ConversationId;
      readonly what: string;
      readonly expected: unknown;
    }
  | { readonly type: 'extra'; readonly conversationId: ConversationId; readonly what: string; readonly stored: unknown }
  | {
      readonly type: 'different';
      readonly conversationId: ConversationId;
      readonly what: string;
      readonly expected: unknown;
      readonly stored: unknown;
    }
  /** What a store keeps besides rows and heads does not agree with them. */
  | ({ readonly type: 'flaw' } & Flaw)
  /** The fold throws here; the store does not say that it is parked. */
  | ({ readonly type: 'unfoldable' } & ParkedConversation)
  /** The store says that it has applied what the log does not hold. */
  | { readonly type: 'ahead'; readonly shard: Shard; readonly checkpoint: Position; readonly head: Position };
