// What comes in, in order and without a gap: live frames judged by the cursors, history, and the answers to `resume`.
import type { ConversationId, Position } from '@parley/domain';
import {
  positionsToMap,
  textToPosition,
  type HeadsFrame,
  type HistoryFrame,
  type ResumedFrame,
  type ResumeFailedFrame,
} from '@parley/protocol';
import type { ChatEvents } from './chat-events.ts';
import { placeOf, type Cursors, type UnknownConversations } from './cursors.ts';
import type { Entry } from './entry.ts';
import type { Resuming } from './resuming.ts';

export interface FeedOptions {
  readonly cursors: Cursors;
  readonly resuming: Resuming;
  readonly unknownConversations: UnknownConversations;
  /** Loads the newest page of a conversation of which too much was missed. */
  readonly reload: (id: ConversationId) => void;
  readonly on: Partial<ChatEvents>;
}

export class Feed {
  readonly #options: FeedOptions;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  live(entry: Entry): void {
    const { cursors, resuming, on } = this.#options;
    const verdict = cursors.live(entry);
    if (verdict === 'apply') on.entry?.(entry, 'live');
    if (verdict === 'gap') resuming.fill(entry.conversation_id);
  }

  history({ messages, changes, conversations }: HistoryFrame): void {
    const { cursors, on } = this.#options;
    const entries: readonly Entry[] = [...messages, ...changes, ...conversations];
    for (const entry of entries.toSorted((one, other) => placeOf(one) - placeOf(other))) {
      if (cursors.historic(entry)) on.entry?.(entry, 'history');
    }
  }

  resumed(frame: ResumedFrame): void {
    const { cursors, resuming } = this.#options;
    for (const [id, head] of positionsToMap(frame.heads)) cursors.set(id, head);
    for (const [id, head] of positionsToMap(frame.others)) if (cursors.get(id) === undefined) this.#discover(id, head);
    resuming.resumed(frame);
  }

  resumeFailed({ conversation_id: id, reason, head }: ResumeFailedFrame): void {
    if (reason === 'unavailable') return this.#options.resuming.retry(id);
    if (reason === 'not_a_member') return this.drop(id);
    if (head !== undefined) this.#options.cursors.set(id, textToPosition(head));
    this.#options.reload(id);
  }

  heads(frame: HeadsFrame): void {
    const { cursors, on } = this.#options;
    for (const [id, head] of positionsToMap(frame.heads)) if (head > (cursors.get(id) ?? -1)) on.behind?.(id, head);
  }

  drop(id: ConversationId): void {
    this.#options.cursors.drop(id);
    this.#options.resuming.forget(id);
    this.#options.on.dropped?.(id);
  }

  #discover(id: ConversationId, head: Position): void {
    const { cursors, resuming, on, unknownConversations } = this.#options;
    on.discovered?.(id, head);
    if (unknownConversations === 'from-here') return cursors.set(id, head);
    cursors.begin(id);
    resuming.fill(id);
  }
}
