// The conversations a terminal knows, numbered in the order in which they became known, so that `/use 2` means the same as
// long as the program runs.
import type { ConversationId } from '@parley/domain';
import type { Rest } from '../client/index.ts';
import { titleOf, type Titled } from './describe.ts';

interface Page {
  readonly number: number;
  readonly conversation: Titled;
  isUnread: boolean;
}

const listPagesMax = 40;

export class ConversationBook {
  readonly #rest: Pick<Rest, 'conversations' | 'conversation'>;
  readonly #pages = new Map<ConversationId, Page>();
  #numbers = 0;

  constructor(rest: Pick<Rest, 'conversations' | 'conversation'>) {
    this.#rest = rest;
  }

  /** All my conversations, as far as the server lists them. */
  async load(): Promise<void> {
    let cursor: string | undefined;
    for (let page = 0; page < listPagesMax; page++) {
      const { conversations, next_cursor: next } = await this.#rest.conversations(cursor);
      for (const conversation of conversations) this.add(conversation);
      if (next === undefined) return;
      cursor = next;
    }
  }

  /** Known afterwards, unless it is not ours. */
  async learn(id: ConversationId): Promise<void> {
    if (!this.#pages.has(id)) await this.refresh(id);
  }

  async refresh(id: ConversationId): Promise<void> {
    this.add(await this.#rest.conversation(id));
  }

  add(conversation: Titled): void {
    const known = this.#pages.get(conversation.conversation_id);
    const number = known?.number ?? ++this.#numbers;
    this.#pages.set(conversation.conversation_id, { number, conversation, isUnread: known?.isUnread ?? false });
  }

  drop(id: ConversationId): void {
    this.#pages.delete(id);
  }

  has(id: ConversationId): boolean {
    return this.#pages.has(id);
  }

  byNumber(number: number): ConversationId | undefined {
    return this.#pages.entries().find(([, page]) => page.number === number)?.[0];
  }

  title(id: ConversationId): string {
    const page = this.#pages.get(id);
    return page === undefined ? id : titleOf(page.conversation);
  }

  mark(id: ConversationId, isUnread: boolean): void {
    const page = this.#pages.get(id);
    if (page !== undefined) page.isUnread = isUnread;
  }

  /** One line each; the present one has an arrow, those with something new a star. */
  lines(present: ConversationId | undefined): readonly string[] {
    return Array.from(this.#pages, ([id, { number, conversation, isUnread }]) => {
      const size = conversation.type === 'group' ? ` (${conversation.member_count} members)` : '';
      return `${id === present ? '>' : ' '}${isUnread ? '*' : ' '}${number}  ${titleOf(conversation)}${size}`;
    });
  }
}
