// Fills an empty log with the rooms of a chat log, many at a time and as often as it takes, by the project's own codec. No condition
// is sent with them: there is one writer, and what it writes follows from what it wrote.
import { shardOf, type ConversationId, type NewEvent, type Position } from '@parley/domain';
import { encodeEvent, type Connection } from '@parley/infra/nats';
import { digest } from '@parley/infra/runtime';
import { headers } from '@nats-io/transport-node';
import { Nicks } from '../irc/nicks.ts';
import type { RoomScript } from '../irc/script.ts';
import { roomEvents } from './room-events.ts';

const LIMITS = {
  /** Rooms in which people talk at the same time, an event each in turn. */
  roomsAtOnce: 256,
  /** Published and not yet stored. */
  inFlightMax: 4_096,
} as const;

export interface ImportOptions {
  readonly connection: Connection;
  readonly shards: number;
  readonly scripts: readonly RoomScript[];
  /** Rooms come again, under other ids, until there are so many. Absent: each comes once. */
  readonly events?: number;
  readonly onProgress?: (events: number) => void;
}

export interface Imported {
  readonly events: number;
  readonly conversations: readonly Filled[];
}

interface Filled {
  readonly id: string;
  readonly room: string;
  /** Stored: the last rooms may be cut short. */
  readonly messages: number;
}

/** The log must be empty: positions are counted, and a PubAck that says another one rejects. */
export async function importLog(options: ImportOptions): Promise<Imported> {
  const { connection, shards, onProgress, events: eventsMax = Number.POSITIVE_INFINITY } = options;
  await using publisher = new OrderedPublisher(connection, shards);
  const conversations: Filled[] = [];
  const waiting = roomsOf(options);
  let open: Writing[] = [];
  let events = 0;
  while (events < eventsMax) {
    while (open.length < LIMITS.roomsAtOnce) {
      const { value } = waiting.next();
      if (!value) break;
      conversations.push(value.conversation);
      open.push(value);
    }
    if (open.length === 0) break;
    for (const writing of open) {
      if (events === eventsMax) break;
      writing.at = await step(writing, publisher);
      if (writing.at !== undefined) events++;
    }
    open = open.filter(({ at }) => at !== undefined);
    onProgress?.(events);
  }
  return { events, conversations };
}

interface Writing {
  readonly conversation: { -readonly [Key in keyof Filled]: Filled[Key] };
  readonly coming: Generator<NewEvent, void, Position>;
  /** Of its last event; undefined when there is no more. */
  at: Position | undefined;
}

async function step({ conversation, coming, at }: Writing, publisher: OrderedPublisher): Promise<Position | undefined> {
  const { value } = coming.next(at ?? (0 as Position));
  if (!value) return undefined;
  if (value.event.type === 'message.sent') conversation.messages++;
  return publisher.publish(value);
}

function* roomsOf({ scripts, events }: ImportOptions): Generator<Writing, undefined> {
  const nicks = new Nicks();
  const copiesMax = events === undefined ? 1 : Number.POSITIVE_INFINITY;
  for (let copy = 0; copy < copiesMax; copy++) {
    for (const script of scripts) {
      const conversationId = `g_${digest(`${script.room} ${copy}`)}` as ConversationId;
      const conversation = { id: conversationId, room: script.room, messages: 0 };
      yield { conversation, coming: roomEvents({ conversationId, script, nicks }), at: undefined };
    }
  }
  return undefined;
}

/** Publishes to each stream in order, so that positions are known before they are acked. */
class OrderedPublisher implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #shards: number;
  readonly #inbox: string;
  readonly #subscription;
  readonly #next: number[];
  readonly #acked = new Map<string, number>();
  #inFlight = 0;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(connection: Connection, shards: number) {
    this.#connection = connection;
    this.#shards = shards;
    this.#inbox = connection.createInbox();
    this.#next = Array.from({ length: shards }, () => 0);
    this.#subscription = connection.nc.subscribe(this.#inbox, {
      callback: (error, reply) => (error === null ? this.#answered(reply.json<PubAck>()) : this.#fail(error)),
    });
  }

  async publish(event: NewEvent): Promise<Position> {
    while (this.#inFlight >= LIMITS.inFlightMax && !this.#failure) await this.#oneMore();
    if (this.#failure) throw this.#failure;
    const shard = shardOf(event.conversationId, this.#shards);
    const { subject, body, headers: values } = encodeEvent(event, this.#shards);
    const unconditional = headers();
    for (const [name, value] of values) if (!name.startsWith('Nats-Expected')) unconditional.append(name, value);
    this.#connection.nc.publish(subject, body, { reply: this.#inbox, headers: unconditional });
    this.#inFlight++;
    return (this.#next[shard] = (this.#next[shard] ?? 0) + 1) as Position;
  }

  #answered({ stream, seq, error }: PubAck): void {
    const expected = (this.#acked.get(stream ?? '') ?? 0) + 1;
    if (seq !== expected) this.#fail(new Error(`${stream}: stored at ${seq}, not ${expected}: ${error?.description}`));
    this.#acked.set(stream ?? '', expected);
    this.#inFlight--;
    this.#wake?.();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  #oneMore(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  /** When all of it is stored; throws when something was not. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#inFlight > 0 && !this.#failure) await this.#oneMore();
    this.#subscription.unsubscribe();
    if (this.#failure) throw this.#failure;
  }
}

interface PubAck {
  readonly stream?: string;
  readonly seq?: number;
  readonly error?: { readonly description: string };
}
