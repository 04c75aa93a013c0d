// A conversation as it was at some moment: its events folded from the log, none later than that.
import { isMessageEvent, isVoid, type MessageEvent, type StoredEvent } from '@parley/domain';
import { conversations, type ConversationHead } from '@parley/projections';

export interface Past {
  /** As the projection of conversations has it; undefined before the first accepted event. */
  readonly head: ConversationHead | undefined;
  /** The newest accepted ones, oldest first. */
  readonly messages: readonly StoredEvent<MessageEvent>[];
}

export async function foldPast(
  events: AsyncIterable<readonly StoredEvent[]>,
  { isBy, messagesMax }: { readonly isBy: (stored: StoredEvent) => boolean; readonly messagesMax: number },
): Promise<Past> {
  let head: ConversationHead | undefined;
  const messages: StoredEvent<MessageEvent>[] = [];
  for await (const step of events) {
    for (const stored of step) {
      if (!isBy(stored)) return { head, messages };
      if (isVoid(stored)) continue;
      ({ head } = conversations.fold(head, stored));
      if (isMessageEvent(stored)) messages.push(stored);
      if (messages.length > messagesMax) messages.shift();
    }
  }
  return { head, messages };
}
