// What each typed command does: REST for what changes or reads conversations, the live client for what is said.
import type { ConversationId, Position, UserId } from '@parley/domain';
import { OutboxFull, placeOf, type ChatClient, type Rest } from '../client/index.ts';
import type { ConversationBook } from './conversation-book.ts';
import { entryLine } from './describe.ts';
import { HELP, type HereCommand, type LineCommand } from './line-command.ts';

export interface Chatting {
  readonly userId: UserId;
  readonly client: Pick<ChatClient, 'send' | 'retry' | 'catchUp'>;
  readonly rest: Rest;
  readonly book: ConversationBook;
  readonly print: (line: string) => void;
  readonly prompt: (text: string) => void;
  readonly newKey: () => string;
  readonly failedKeys: Set<number>;
}

export class ChatCommands {
  readonly #chatting: Chatting;
  readonly #oldestShown = new Map<ConversationId, Position>();
  #present: ConversationId | undefined;

  constructor(chatting: Chatting) {
    this.#chatting = chatting;
  }

  get present(): ConversationId | undefined {
    return this.#present;
  }

  /** Rejects with what REST rejects with. */
  async run(command: LineCommand): Promise<void> {
    const { print } = this.#chatting;
    switch (command.type) {
      case 'say':
        return this.#say(command.text);
      case 'list':
        return this.#list();
      case 'open':
        return this.#open(command.userId);
      case 'group':
        return this.#goTo(await this.#createGroup(command));
      case 'use':
        return this.#use(command.number);
      case 'retry':
        return this.#retry();
      case 'help':
        return print(HELP);
      case 'wrong':
        return print(`! ${command.reason}`);
      case 'nothing':
      case 'quit':
        return undefined;
      default:
        return this.#runHere(command);
    }
  }

  /** Makes it the present one. */
  enter(id: ConversationId): void {
    const { book, client, print, prompt } = this.#chatting;
    this.#present = id;
    book.mark(id, false);
    client.catchUp(id);
    prompt(`${book.title(id)}> `);
    print(`* now in: ${book.title(id)}`);
  }

  async #runHere(command: HereCommand): Promise<void> {
    const { rest, book } = this.#chatting;
    const id = this.#here();
    if (id === undefined) return;
    switch (command.type) {
      case 'members':
        return this.#members(id);
      case 'add':
        return book.add(await rest.addMembers(id, command.userIds));
      case 'remove':
        return this.#remove(id, command.userId);
      case 'rename':
        return book.add(await rest.update(id, { name: command.name }));
      case 'past':
        return book.add(await rest.update(id, { settings: { history: command.history } }));
      case 'role':
        return rest.changeRole(id, command.userId, command.role);
      case 'leave':
        return this.#leave(id);
      case 'history':
        return this.#history(id, command.count);
    }
  }

  #here(): ConversationId | undefined {
    if (this.#present === undefined) this.#chatting.print('! no conversation yet: /open <user>, /group or /use <n>');
    return this.#present;
  }

  #say(text: string): void {
    const conversationId = this.#here();
    if (conversationId === undefined) return;
    try {
      this.#chatting.client.send({ conversationId }, text);
    } catch (error) {
      if (!(error instanceof OutboxFull)) throw error;
      this.#chatting.print(`! not sent: ${error.message}`);
    }
  }

  #list(): void {
    const lines = this.#chatting.book.lines(this.#present);
    this.#chatting.print(lines.length === 0 ? 'no conversations yet: /open <user>' : lines.join('\n'));
  }

  async #open(userId: UserId): Promise<void> {
    const { rest, print } = this.#chatting;
    if (userId === this.#chatting.userId) print('! that is you');
    else this.#goTo(await rest.openDirect(userId));
  }

  #createGroup({ name, userIds }: Extract<LineCommand, { type: 'group' }>) {
    return this.#chatting.rest.createGroup({ name, memberIds: userIds, idempotencyKey: this.#chatting.newKey() });
  }

  #goTo(conversation: Parameters<ConversationBook['add']>[0]): void {
    this.#chatting.book.add(conversation);
    this.enter(conversation.conversation_id);
  }

  #use(number: number): void {
    const id = this.#chatting.book.byNumber(number);
    if (id === undefined) this.#chatting.print(`! there is no conversation ${number}: see /list`);
    else this.enter(id);
  }

  async #members(id: ConversationId): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.#chatting.rest.members(id, cursor);
      for (const { user_id: userId, role } of page.members) this.#chatting.print(`  ${userId} (${role})`);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
  }

  async #remove(id: ConversationId, userId: UserId): Promise<void> {
    if (userId === this.#chatting.userId) return this.#leave(id);
    await this.#chatting.rest.removeMember(id, userId);
    return this.#chatting.book.refresh(id);
  }

  async #leave(id: ConversationId): Promise<void> {
    const { rest, book, print, prompt } = this.#chatting;
    await rest.removeMember(id, 'me');
    const title = book.title(id);
    book.drop(id);
    this.#present = undefined;
    prompt('> ');
    print(`* you left ${title}`);
  }

  async #history(id: ConversationId, limit: number): Promise<void> {
    const { rest, book, print } = this.#chatting;
    const before = this.#oldestShown.get(id);
    const page = await rest.messages(id, { limit, ...(before === undefined ? {} : { before }) });
    const entries = [...page.messages, ...(page.conversations ?? [])].toSorted(
      (one, other) => placeOf(one) - placeOf(other),
    );
    const [oldest] = entries;
    if (oldest !== undefined) this.#oldestShown.set(id, placeOf(oldest));
    for (const entry of entries) print(entryLine(entry, book.title(id)));
    if (!page.has_more) print('  (that is all)');
  }

  #retry(): void {
    const { client, failedKeys, print } = this.#chatting;
    if (failedKeys.size === 0) print('* nothing failed: there is nothing to send again');
    for (const key of failedKeys) client.retry(key);
    failedKeys.clear();
  }
}
