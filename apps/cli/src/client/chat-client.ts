// A chat client without a screen: one live session, cursors that leave no gap, messages that go out once. It tells what
// happens by callback (`chat-events.ts`); what to show is the application's business.
import type { ConversationId, Position, World } from '@parley/domain';
import type { HelloFrame, ServerFrame } from '@parley/protocol';
import type { ChatEvents } from './chat-events.ts';
import { createConnection, type Connection, type ConnectionStatus } from './connection.ts';
import { createCursors, type Cursors, type UnknownConversations } from './cursors.ts';
import { Feed } from './feed.ts';
import type { LinkOptions } from './link.ts';
import { NewestPages } from './newest-pages.ts';
import { Outbox } from './outbox.ts';
import type { Outgoing, Target } from './outgoing.ts';
import type { Rest } from './rest.ts';
import { Resuming } from './resuming.ts';
import { createServerClock, type ServerClock } from './server-clock.ts';

export interface ChatClientOptions extends LinkOptions {
  readonly rest: Pick<Rest, 'messages'>;
  /** `from-here` (the default) leaves the past to pages by REST; `from-start` fetches every conversation whole. */
  readonly unknownConversations?: UnknownConversations;
  readonly on: Partial<ChatEvents>;
}

export class ChatClient implements Disposable {
  readonly #on: Partial<ChatEvents>;
  readonly #clock: ServerClock;
  readonly #cursors: Cursors;
  readonly #resuming: Resuming;
  readonly #outbox: Outbox;
  readonly #newestPages: NewestPages;
  readonly #feed: Feed;
  readonly #connection: Connection;
  #logEpoch: number | undefined;

  constructor(options: ChatClientOptions) {
    const { world, rest, on, unknownConversations = 'from-here' } = options;
    this.#on = on;
    this.#clock = createServerClock(world);
    this.#cursors = createCursors(unknownConversations);
    const toServer = { world, send: this.#send.bind(this) };
    this.#resuming = new Resuming({ ...toServer, cursors: this.#cursors });
    this.#outbox = new Outbox({ ...toServer, clock: this.#clock, changed: (outgoing) => on.outgoing?.(outgoing) });
    this.#newestPages = newestPages({ world, rest, on, dropped: (id) => this.#feed.drop(id) });
    this.#feed = new Feed({
      cursors: this.#cursors,
      resuming: this.#resuming,
      unknownConversations,
      reload: (id) => void this.#newestPages.load(id),
      on,
    });
    this.#connection = createConnection(options, {
      status: (status) => this.#statusChanged(status),
      frame: (frame) => this.#take(frame),
      unreadable: (reason) => on.trouble?.(reason),
    });
  }

  /** Takes the message at once; `outgoing` tells how it fares. Throws OutboxFull at the limit. */
  send(target: Target, body: string): Outgoing {
    return this.#outbox.add(target, body);
  }

  /** Sends a failed message again, with the same id. */
  retry(key: number): void {
    this.#outbox.retry(key);
  }

  /** Fetches what `behind` told of. */
  catchUp(conversationId: ConversationId): void {
    this.#resuming.fill(conversationId);
  }

  /** The machine woke up, or its network changed. */
  wake(): void {
    this.#connection.wake();
  }

  /** The position up to which this client has everything of the conversation. */
  cursor(conversationId: ConversationId): Position | undefined {
    return this.#cursors.get(conversationId);
  }

  [Symbol.dispose](): void {
    this.#newestPages[Symbol.dispose]();
    this.#connection.close();
  }

  #send(frame: Parameters<Connection['send']>[0]): boolean {
    return this.#connection.send(frame);
  }

  #statusChanged(status: ConnectionStatus): void {
    if (status.type === 'online') this.#greet(status.hello);
    else {
      this.#resuming.stop();
      this.#outbox.offline();
    }
    this.#on.status?.(status);
    if (status.type === 'online') this.#outbox.online();
  }

  #greet(hello: HelloFrame): void {
    this.#clock.correct(hello.server_ts);
    if (this.#logEpoch !== undefined && this.#logEpoch !== hello.log_epoch) {
      this.#cursors.clear();
      this.#on.reset?.();
    }
    this.#logEpoch = hello.log_epoch;
    this.#resuming.start(hello.limits.resume_conversations_max);
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'message':
      case 'change':
      case 'conversation':
        return this.#feed.live(frame);
      case 'history':
        return this.#feed.history(frame);
      case 'resumed':
        return this.#feed.resumed(frame);
      case 'resume_failed':
        return this.#feed.resumeFailed(frame);
      case 'heads':
        return this.#feed.heads(frame);
      case 'resync':
        return this.#resuming.again(frame.conversation_ids);
      case 'ack':
        return this.#outbox.acked(frame);
      case 'error':
        if (this.#outbox.refused(frame) || this.#resuming.refused(frame)) return undefined;
        return this.#on.trouble?.(`${frame.code}: ${frame.message}`);
      default:
        return undefined;
    }
  }
}

interface Reloading {
  readonly world: World;
  readonly rest: Pick<Rest, 'messages'>;
  readonly on: Partial<ChatEvents>;
  readonly dropped: (id: ConversationId) => void;
}

const newestPages = ({ world, rest, on, dropped }: Reloading): NewestPages =>
  new NewestPages({
    world,
    rest,
    loaded: (id, page) => on.newestPage?.(id, page),
    refused: dropped,
    trouble: (text) => on.trouble?.(text),
  });
