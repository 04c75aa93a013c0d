// The event log (`domain/log.ts`) on NATS JetStream: appends by `append.ts`, reads by `read.ts`, everything that must not be
// stale from a stream's leader by `jetstream-api.ts`.
import {
  shardOf,
  type AppendRefusal,
  type Appended,
  type ConversationEvent,
  type ConversationId,
  type ConversationRange,
  type EventLog,
  type NewEvent,
  type Position,
  type ReadOptions,
  type Shard,
  type StoredEvent,
  type World,
} from '@parley/domain';
import { coalesce } from '@parley/projections';
import { Outbox } from './append.ts';
import { decodeEvent } from './codec.ts';
import type { Connection } from './connection.ts';
import { readConversationEvents } from './conversation-events.ts';
import { readConversationRecords, type RecordRange } from './conversation-records.ts';
import { readConversation } from './read-conversation.ts';
import { UPCASTERS, type Upcasters } from './event-types.ts';
import { JetStreamApi, type StreamHead } from './jetstream-api.ts';
import type { LogObserver } from './observer.ts';
import { Publisher } from './publish.ts';
import type { RawRecord } from './raw-record.ts';
import { ShardReader } from './read.ts';
import { Requests } from './requests.ts';
import { chatStream } from './subjects.ts';

export interface NatsEventLogOptions {
  readonly connection: Connection;
  readonly world: World;
  /** As `openDeployment` found it. */
  readonly shards: number;
  readonly observer?: LogObserver;
  /** Only tests name others than those of `event-types.ts`. */
  readonly upcasters?: Upcasters;
}

/** The streams exist already (`openDeployment`). Dispose it before the connection. */
export class NatsEventLog implements EventLog, AsyncDisposable {
  readonly shards: number;
  readonly #connection: Connection;
  readonly #world: World;
  readonly #upcasters: Upcasters;
  readonly #observer: LogObserver;
  readonly #requests: Requests;
  readonly #api: JetStreamApi;
  readonly #outbox: Outbox;
  readonly #leaderHead: (shard: Shard) => Promise<StreamHead>;

  constructor({ connection, world, shards, observer = {}, upcasters = UPCASTERS }: NatsEventLogOptions) {
    this.shards = shards;
    this.#connection = connection;
    this.#world = world;
    this.#upcasters = upcasters;
    this.#observer = observer;
    this.#requests = new Requests(connection, world);
    this.#api = new JetStreamApi(this.#requests, world);
    const publisher = new Publisher(this.#requests);
    const readBack: typeof this.readOne = (shard, at) => this.readOne(shard, at);
    this.#outbox = new Outbox({ shards, world, publisher, readBack, observer });
    this.#leaderHead = coalesce((shard) => this.#api.head(chatStream(shard)));
  }

  /** Appends that wait or are in flight. */
  get outboxSize(): number {
    return this.#outbox.size;
  }

  append(event: NewEvent, traceparent?: string): Promise<Appended | AppendRefusal> {
    return this.#outbox.append(event, traceparent);
  }

  read(shard: Shard, after: Position, options: ReadOptions): AsyncIterable<readonly StoredEvent[]> {
    const reading = { ...options, shard, after };
    return new ShardReader(this.#dependencies, reading).events();
  }

  async readOne(shard: Shard, position: Position): Promise<StoredEvent | undefined> {
    const record = await this.#api.message(chatStream(shard), { seq: position });
    return record && decodeEvent(record, this.#upcasters);
  }

  async head(shard: Shard): Promise<Position> {
    return (await this.#leaderHead(shard)).position;
  }

  conversationEvents(
    conversationId: ConversationId,
    after: Position,
  ): Promise<readonly StoredEvent<ConversationEvent>[]> {
    const range = { conversationId, after, shard: shardOf(conversationId, this.shards) };
    return readConversationEvents(this.#dependencies, range);
  }

  conversation(conversationId: ConversationId, range: ConversationRange): AsyncIterable<readonly StoredEvent[]> {
    const reading = { ...range, conversationId, shard: shardOf(conversationId, this.shards) };
    return readConversation(this.#dependencies, reading);
  }

  /** All that is stored of a conversation, as it is stored: in order, some at a time. */
  records(
    conversationId: ConversationId,
    range: Pick<RecordRange, 'after' | 'upTo' | 'signal'>,
  ): AsyncIterable<readonly RawRecord[]> {
    const shard = shardOf(conversationId, this.shards);
    return readConversationRecords(this.#dependencies, { ...range, conversationId, shard });
  }

  /** How far this process's clock is ahead of the log's, give or take half a round trip; rejects with LogUnavailable. */
  async clockSkewMs(): Promise<number> {
    const askedTs = this.#world.now();
    const { serverTs } = await this.#leaderHead(0 as Shard);
    return (askedTs + this.#world.now()) / 2 - serverTs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#requests[Symbol.dispose]();
    await this.#outbox[Symbol.asyncDispose]();
  }

  get #dependencies() {
    return {
      connection: this.#connection,
      api: this.#api,
      world: this.#world,
      upcasters: this.#upcasters,
      observer: this.#observer,
    };
  }
}
