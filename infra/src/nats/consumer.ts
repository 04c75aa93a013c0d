// One life of an ordered consumer: pull, in memory, unreplicated, from one position on. It never heals itself; when anything
// is amiss it says so, and its reader makes another one after the last event it gave (`read.ts`). The client library's own
// ordered consumer heals itself, but by timers and rules we cannot inject or check against the leader.
import type { Msg, Subscription } from '@nats-io/transport-node';
import type { TimestampMs, World } from '@parley/domain';
import type { Connection, PermissionDenied } from './connection.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import { nanosToMs } from './timestamps.ts';

/** Enough to go on with when events are as large as they may be. */
const windowEventsMin = 8;
/** An event's headers, about. */
const headerBytes = 512;

export const CONSUMER_LIMITS = {
  /** Asked for and not yet taken by the reader: what one reader may hold. */
  windowEvents: 2_048,
  /** … in bytes: all readers share one connection, and the server cuts one for which too much waits. */
  windowBytes: 512 * 1024,
  /** The same of one who has much to read and reads few shards at a time: fewer pulls, each of which costs a write to the socket. */
  bulkWindowEvents: 8_192,
  bulkWindowBytes: 4 * 1024 * 1024,
  /** An idle consumer lets hear of itself this often … */
  heartbeatMs: 1_000,
  /** … and is taken for lost when silent for this long. */
  silenceMsMax: 2_500,
  pullExpiresMs: 30_000,
  /** The server forgets a consumer that nobody has pulled from for this long. */
  inactiveMs: 30_000,
} as const;

const windows = {
  usual: { events: CONSUMER_LIMITS.windowEvents, bytes: CONSUMER_LIMITS.windowBytes },
  bulk: { events: CONSUMER_LIMITS.bulkWindowEvents, bytes: CONSUMER_LIMITS.bulkWindowBytes },
} as const;

/** An event as it came, with what the server says of its place. */
export interface Delivered {
  readonly message: Msg;
  readonly sequence: number;
  /** Of this consumer's deliveries: 1, 2, 3 … */
  readonly serial: number;
  readonly storedTs: TimestampMs;
}

export interface ConsumerOptions {
  readonly connection: Connection;
  readonly api: JetStreamApi;
  readonly world: World;
  readonly stream: string;
  readonly name: string;
  readonly startAt: number;
  readonly isBulk?: boolean;
  /** Only these. Several: for a single one the API has another subject, which roles are not granted. */
  readonly subjects?: readonly [string, string, ...string[]];
  readonly signal: AbortSignal;
}

const nanosPerMs = 1_000_000;

export async function openConsumer(options: ConsumerOptions): Promise<OrderedConsumer> {
  const { api, stream, name, startAt, subjects, signal } = options;
  const config = {
    name,
    deliver_policy: 'by_start_sequence',
    opt_start_seq: startAt,
    ack_policy: 'none',
    replay_policy: 'instant',
    inactive_threshold: CONSUMER_LIMITS.inactiveMs * nanosPerMs,
    num_replicas: 1,
    mem_storage: true,
    ...(subjects && { filter_subjects: subjects }),
  };
  await api.ask(`CONSUMER.CREATE.${stream}.${name}`, { stream_name: stream, action: 'create', config }, signal);
  return new OrderedConsumer(options);
}

export class OrderedConsumer implements AsyncDisposable {
  readonly #options: ConsumerOptions;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #pullSubject: string;
  readonly #listening: Disposable;
  #watchdog: Disposable;
  #arrived: Delivered[] = [];
  /** Asked of the server and not yet arrived. */
  #asked = 0;
  /** Of late; large until something has come. */
  #bytesPerEvent = 16 * 1024;
  #lastDelivery = 0;
  #heardTs: TimestampMs;
  #brokenBy: string | undefined;
  #denied: PermissionDenied | undefined;
  #wake: (() => void) | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    const { connection, world, stream, name } = options;
    this.#inbox = connection.createInbox();
    this.#pullSubject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;
    this.#heardTs = world.now();
    this.#subscription = connection.nc.subscribe(this.#inbox, {
      callback: (error, message) => (error === null ? this.#receive(message) : this.break(error.message)),
    });
    this.#listening = connection.listen({
      lost: () => this.break('connection lost'),
      restored: () => this.break('connection lost'),
      refused: (denied) => this.#refuse(denied),
    });
    this.#watchdog = this.#watch(CONSUMER_LIMITS.silenceMsMax);
  }

  /** Why it ended; undefined while it goes on. */
  get brokenBy(): string | undefined {
    return this.#brokenBy;
  }

  /** What has arrived, at most `max` events, at least one; empty only when it broke and nothing is left. Throws PermissionDenied. */
  async take(max: number): Promise<readonly Delivered[]> {
    this.#refill();
    while (this.#arrived.length === 0 && this.#brokenBy === undefined) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#denied !== undefined) throw this.#denied;
    const taken = this.#arrived.length <= max ? this.#arrived : this.#arrived.slice(0, max);
    this.#arrived = this.#arrived.length <= max ? [] : this.#arrived.slice(max);
    return taken;
  }

  break(reason: string): void {
    this.#brokenBy ??= reason;
    this.#wake?.();
  }

  /** Takes the consumer off the server, if it can be reached: else the server forgets it by itself (`inactiveMs`). */
  async [Symbol.asyncDispose](): Promise<void> {
    this.break('closed');
    this.#watchdog[Symbol.dispose]();
    this.#listening[Symbol.dispose]();
    this.#subscription.unsubscribe();
    const { connection, stream, name } = this.#options;
    if (connection.isUp) connection.nc.publish(`$JS.API.CONSUMER.DELETE.${stream}.${name}`);
  }

  #refuse(denied: PermissionDenied): void {
    if (denied.subject !== this.#pullSubject && denied.subject !== this.#inbox) return;
    this.#denied = denied;
    this.break(denied.message);
  }

  #receive(message: Msg): void {
    if (this.#brokenBy !== undefined) return;
    this.#heardTs = this.#options.world.now();
    if (message.subject === this.#inbox) this.#receiveStatus(message);
    else this.#receiveEvent(message);
  }

  #receiveEvent(message: Msg): void {
    const { serial, sequence, storedTs } = parseDelivery(message.reply ?? '');
    this.#lastDelivery = serial;
    this.#asked--;
    this.#bytesPerEvent += (message.data.length + headerBytes - this.#bytesPerEvent) / 16;
    this.#arrived.push({ message, sequence, serial, storedTs });
    this.#wake?.();
  }

  /** The end of a pull tells how much of it is still owed; whatever else is not a heartbeat ends this consumer. */
  #receiveStatus({ headers }: Msg): void {
    const code = headers?.code;
    if (code === STATUS.heartbeat) return this.#compareDeliveries(Number(headers?.get('Nats-Last-Consumer')));
    const owed = headers?.get('Nats-Pending-Messages');
    if (code !== STATUS.pullExpired || !owed) return this.break(`${code} ${headers?.description}`);
    this.#asked -= Number(owed);
    this.#refill();
  }

  /** A heartbeat tells how many deliveries were sent: one lost on the way, be it the last one, is noticed within a second. */
  #compareDeliveries(sent: number): void {
    if (sent !== this.#lastDelivery) this.break('delivery lost');
  }

  #refill(): void {
    const { pullExpiresMs, heartbeatMs } = CONSUMER_LIMITS;
    const { events, bytes } = this.#options.isBulk ? windows.bulk : windows.usual;
    const window = Math.max(windowEventsMin, Math.min(events, Math.floor(bytes / this.#bytesPerEvent)));
    const room = window - this.#asked - this.#arrived.length;
    if (room < window / 2 || this.#brokenBy !== undefined) return;
    this.#asked += room;
    const pull = { batch: room, expires: pullExpiresMs * nanosPerMs, idle_heartbeat: heartbeatMs * nanosPerMs };
    this.#options.connection.nc.publish(this.#pullSubject, JSON.stringify(pull), { reply: this.#inbox });
  }

  /** Silence is only a sign while something is asked of the server. */
  #watch(delayMs: number): Disposable {
    return this.#options.world.schedule(delayMs, () => {
      const { silenceMsMax } = CONSUMER_LIMITS;
      if (this.#asked === 0) this.#heardTs = this.#options.world.now();
      const silentMs = this.#options.world.now() - this.#heardTs;
      if (silentMs >= silenceMsMax) this.break('heartbeats missed');
      else this.#watchdog = this.#watch(silenceMsMax - silentMs);
    });
  }
}

const STATUS = { heartbeat: 100, pullExpired: 408 } as const;

interface Delivery {
  /** Position in the stream. */
  readonly sequence: number;
  /** Of this consumer's deliveries: 1, 2, 3 … */
  readonly serial: number;
  readonly storedTs: TimestampMs;
}

/** What stands before the number of deliveries: `$JS.ACK.<stream>.<consumer>`, in the long form with domain and account. */
const placeTokens = { short: 4, long: 6 } as const;
const shortReplyDots = 8;
const dot = 46;

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<serial>.<nanos>.<pending>`; the long form has domain and account first. */
function parseDelivery(reply: string): Delivery {
  const skipped = dotsIn(reply) === shortReplyDots ? placeTokens.short : placeTokens.long;
  let from = 0;
  for (let token = 0; token <= skipped; token++) from = reply.indexOf('.', from) + 1;
  const sequenceEnd = reply.indexOf('.', from);
  const serialEnd = reply.indexOf('.', sequenceEnd + 1);
  return {
    sequence: Number(reply.slice(from, sequenceEnd)),
    serial: Number(reply.slice(sequenceEnd + 1, serialEnd)),
    storedTs: nanosToMs(reply.slice(serialEnd + 1, reply.indexOf('.', serialEnd + 1))),
  };
}

/** Each event has such a text: splitting it would make a dozen others. */
function dotsIn(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) === dot) count++;
  return count;
}
