// The terminal client: typed lines to commands, what the live client tells to printed lines.
import type { ConversationId, UserId, World } from '@parley/domain';
import {
  ChatClient,
  createRest,
  devToken,
  openWebSocket,
  socketRequest,
  type ChatEvents,
  type ConnectionStatus,
  type Entry,
  type Outgoing,
  type Rest,
} from '../client/index.ts';
import { ChatCommands } from './chat-commands.ts';
import { ConversationBook } from './conversation-book.ts';
import { entryLine, printable } from './describe.ts';
import { parseLine } from './line-command.ts';
import type { Terminal } from './terminal.ts';

export interface ChatOptions {
  readonly userId: UserId;
  readonly baseUrl: URL;
  /** Without one the server is asked for a dev token. */
  readonly token?: string;
  readonly world: World;
  readonly terminal: Terminal;
}

/** How long what was said may still wait for its ack after the input has ended. */
const lastAckMsMax = 30_000;

/** Resolves with the exit code when the user quits, the input ends, or the server wants us no more. */
export async function runChat(options: ChatOptions): Promise<number> {
  await using chat = new Chat(options);
  return await chat.run();
}

class Chat implements AsyncDisposable {
  readonly #options: ChatOptions;
  readonly #print: (line: string) => void;
  readonly #stop = new AbortController();
  readonly #unsettled = new Set<number>();
  readonly #failedKeys = new Set<number>();
  readonly #rest: Rest;
  readonly #book: ConversationBook;
  readonly #client: ChatClient;
  readonly #commands: ChatCommands;
  #token: Promise<string> | undefined;
  /** Entries are shown in the order they came, also when a title has to be asked for first. */
  #shown: Promise<void> = Promise.resolve();
  #exitCode = 0;
  #hint = '   (/help lists the commands)';
  #isOffline = false;

  constructor(options: ChatOptions) {
    const { userId, baseUrl, world, terminal } = options;
    this.#options = options;
    this.#print = terminal.print;
    this.#rest = createRest({ baseUrl, fetch, token: () => (this.#token ??= this.#newToken()) });
    this.#book = new ConversationBook(this.#rest);
    const session = { deviceId: `cli-${world.uuid().slice(-12)}`, sessionId: world.uuid() };
    this.#client = new ChatClient({
      world,
      openSocket: openWebSocket,
      request: (token) => socketRequest(baseUrl, token, session),
      token: () => (this.#token = this.#newToken()),
      rest: this.#rest,
      on: this.#events(),
    });
    this.#commands = new ChatCommands({
      userId,
      client: this.#client,
      rest: this.#rest,
      book: this.#book,
      print: this.#print,
      prompt: terminal.prompt,
      newKey: () => world.uuid(),
      failedKeys: this.#failedKeys,
    });
  }

  async run(): Promise<number> {
    const stopped = new Promise<void>((resolve) => this.#stop.signal.addEventListener('abort', () => resolve()));
    await Promise.race([this.#readLines(), stopped]);
    return this.#exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#client[Symbol.dispose]();
    await this.#shown;
  }

  #newToken(): Promise<string> {
    const { token, baseUrl, userId } = this.#options;
    return token === undefined ? devToken({ baseUrl, fetch }, userId) : Promise.resolve(token);
  }

  async #readLines(): Promise<void> {
    await this.#attempt(async () => {
      await this.#book.load();
      await this.#commands.run({ type: 'list' });
    });
    for await (const line of this.#options.terminal.lines) {
      const command = parseLine(line);
      if (command.type === 'quit') break;
      await this.#attempt(() => this.#commands.run(command));
    }
    await this.#untilSettled();
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#exitCode = 1;
      this.#print(`! ${this.#errorText(error)}`);
    }
  }

  async #untilSettled(): Promise<void> {
    const { world } = this.#options;
    const deadline = world.now() + lastAckMsMax;
    while (this.#unsettled.size > 0 && world.now() < deadline) await world.sleep(20, this.#stop.signal);
    if (this.#unsettled.size === 0) return;
    this.#exitCode = 1;
    this.#print(`! not sent: ${this.#unsettled.size} messages`);
  }

  #events(): Partial<ChatEvents> {
    const print = this.#print;
    return {
      status: (status) => this.#showStatus(status),
      entry: (entry) => this.#showLater(() => this.#show(entry)),
      discovered: (id) => this.#showLater(() => this.#book.learn(id)),
      behind: (id) => this.#showLater(() => this.#notice(id)),
      newestPage: (id) => print(`* much happened in ${this.#book.title(id)}: see /history`),
      dropped: (id) => this.#drop(id),
      reset: () => print('* the server was restored from a backup: what was shown before may be gone'),
      outgoing: (outgoing) => this.#showOutgoing(outgoing),
      trouble: (text) => print(`! ${printable(text)}`),
    };
  }

  #showLater(show: () => Promise<void>): void {
    this.#shown = this.#shown.then(show).catch((error: unknown) => this.#print(`! ${this.#errorText(error)}`));
  }

  async #show(entry: Entry): Promise<void> {
    if (entry.type === 'change') return;
    const id = entry.conversation_id;
    const isMyEnd = this.#endsForMe(entry);
    if (isMyEnd && !this.#book.has(id)) return;
    this.#learnFrom(entry);
    if (changesListing(entry) && !isMyEnd) await this.#book.refresh(id);
    else await this.#book.learn(id);
    this.#print(entryLine(entry, this.#book.title(id)));
    if (entry.type === 'message' && entry.sender_id !== this.#options.userId) await this.#notice(id);
    if (isMyEnd) this.#book.drop(id);
  }

  #endsForMe(entry: Entry): boolean {
    if (entry.type !== 'conversation') return false;
    const { event } = entry;
    return (event.type === 'member_left' || event.type === 'member_removed') && event.user_id === this.#options.userId;
  }

  #learnFrom(entry: Entry): void {
    if (entry.type !== 'conversation') return;
    const { event } = entry;
    const summary = event.type === 'created' || event.type === 'members_added' ? event.conversation : undefined;
    // A summary made for nobody in particular names no peer: the server is asked instead.
    if (summary !== undefined && (summary.type === 'group' || summary.peer_id !== undefined)) this.#book.add(summary);
  }

  async #notice(id: ConversationId): Promise<void> {
    await this.#book.learn(id);
    const { present } = this.#commands;
    if (present === undefined) this.#commands.enter(id);
    else if (present === id) this.#client.catchUp(id);
    else this.#book.mark(id, true);
  }

  #drop(id: ConversationId): void {
    if (this.#book.has(id)) this.#print(`* you are no member of ${this.#book.title(id)} any more`);
    this.#book.drop(id);
  }

  #showStatus(status: ConnectionStatus): void {
    if (status.type === 'online') this.#greet(status.hello.user_id);
    if (status.type === 'waiting') {
      this.#isOffline = true;
      this.#print(`* not connected (${status.reason}), again in ${Math.ceil(status.pauseMs / 1000)} s`);
    }
    if (status.type !== 'stopped' || this.#stop.signal.aborted) return;
    this.#print(`! the server closed the connection for good: ${status.reason} (${status.code})`);
    this.#exitCode = 1;
    this.#stop.abort();
  }

  #greet(userId: UserId): void {
    this.#isOffline = false;
    this.#print(`* connected as ${userId}${this.#hint}`);
    this.#hint = '';
  }

  #showOutgoing({ key, body, state }: Outgoing): void {
    if (state.type === 'waiting' || state.type === 'sending') this.#unsettled.add(key);
    else this.#unsettled.delete(key);
    if (state.type === 'waiting' && this.#isOffline) this.#print('* kept: it is sent when connected again');
    if (state.type !== 'failed') return;
    this.#failedKeys.add(key);
    this.#exitCode = 1;
    this.#print(`! not sent (${state.message}): ${printable(body)}`);
  }

  #errorText(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    const { cause, message } = error;
    if (!(cause instanceof Error)) return message;
    // What fetch says of a server that is not there is in its cause.
    if ('code' in cause && cause.code === 'ECONNREFUSED')
      return `nothing answers at ${this.#options.baseUrl.host}: is it running? (npm start)`;
    return `${message}: ${cause.message}`;
  }
}

/** Its size or its name, and no summary comes with it. */
const changesListing = (entry: Entry): boolean =>
  entry.type === 'conversation' && ['member_left', 'member_removed', 'renamed'].includes(entry.event.type);
