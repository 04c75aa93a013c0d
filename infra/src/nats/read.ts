// The events of one shard, in order, none missing and none twice, whatever happens to servers and connections: consumers come
// and go (`consumer.ts`), the cursor stays. Every doubt is put to the stream's leader before it becomes an alarm.
import type { Msg } from '@nats-io/transport-node';
import {
  LogGap,
  LogUnavailable,
  readBatchMax,
  type Position,
  type ReadOptions,
  type Shard,
  type StoredEvent,
  type World,
} from '@parley/domain';
import { API_CODES, ApiError } from './api-error.ts';
import { decodeEvent, TRACEPARENT_HEADER } from './codec.ts';
import type { Connection } from './connection.ts';
import { openConsumer, type Delivered, type OrderedConsumer } from './consumer.ts';
import type { Upcasters } from './event-types.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import type { LogObserver } from './observer.ts';
import { retryDelayMs } from './retry-delay.ts';
import { chatStream } from './subjects.ts';

export interface ReaderOptions {
  readonly connection: Connection;
  readonly api: JetStreamApi;
  readonly world: World;
  readonly upcasters: Upcasters;
  readonly observer: LogObserver;
}

export interface Reading extends ReadOptions {
  readonly shard: Shard;
  readonly after: Position;
}

/** How events are taken from one consumer, and where the next one begins. */
export interface Course {
  open(): Promise<OrderedConsumer>;
  /** Until it breaks, or there is no more to come. */
  drain(consumer: OrderedConsumer): AsyncGenerator<readonly StoredEvent[], void, undefined>;
  /** Whether all there is to come has been given. Absent: the course has no end. */
  isOver?(): boolean;
}

export interface CourseOfShard extends Pick<Reading, 'shard' | 'signal'> {
  readonly course: Course;
}

/** The events of one consumer after the other: each begins where the one before it broke. */
export async function* acrossConsumers(
  { world, observer }: ReaderOptions,
  { shard, signal, course }: CourseOfShard,
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  /** Consumers lost since the last event. */
  let losses = 0;
  while (!signal.aborted) {
    const reason = yield* whileItLasts(course, { signal, onEvents: () => (losses = 0) });
    if (signal.aborted || course.isOver?.()) return;
    observer.readerRestarted?.(shard, reason);
    await world.sleep(retryDelayMs(world, losses++), signal);
  }
}

/** Events of one consumer until it breaks; tells why. */
async function* whileItLasts(
  course: Course,
  { signal, onEvents }: { readonly signal: AbortSignal; readonly onEvents: () => void },
): AsyncGenerator<readonly StoredEvent[], string, undefined> {
  try {
    await using consumer = await course.open();
    using _breaking = onAbort(signal, () => consumer.break('aborted'));
    for await (const events of course.drain(consumer)) {
      onEvents();
      yield events;
    }
    return consumer.brokenBy ?? 'ended';
  } catch (error) {
    if (isPassing(error)) return error.message;
    throw error;
  }
}

/** A leader that has just taken over is asked again before a reader is called ahead of the log. */
const headConfirmations = 3;
const headConfirmationPauseMs = 250;

export class ShardReader {
  readonly #options: ReaderOptions;
  readonly #reading: Reading;
  readonly #stream: string;
  #cursor: Position;

  constructor(options: ReaderOptions, reading: Reading) {
    this.#options = options;
    this.#reading = reading;
    this.#stream = chatStream(reading.shard);
    this.#cursor = reading.after;
  }

  events(): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    const course: Course = { open: () => this.#open(), drain: (consumer) => this.#drain(consumer) };
    return acrossConsumers(this.#options, { ...this.#reading, course });
  }

  async #open(): Promise<OrderedConsumer> {
    const { api, connection, world } = this.#options;
    const { reader, shard, signal, isBulk = false } = this.#reading;
    await this.#assertNotAhead();
    const name = `${reader}-s${shard}-${world.uuid().slice(-8)}`;
    const place = { stream: this.#stream, name, startAt: this.#cursor + 1 };
    return openConsumer({ api, connection, world, signal, isBulk, ...place });
  }

  /** A consumer that starts beyond the head would wait, and then skip what is written meanwhile: the log lost its tail. */
  async #assertNotAhead(): Promise<void> {
    const { api, world } = this.#options;
    const { signal } = this.#reading;
    for (let confirmation = 1; ; confirmation++) {
      const head = await api.head(this.#stream, signal);
      if (this.#cursor <= head.position) return;
      if (confirmation === headConfirmations) {
        throw new LogGap(`${this.#stream}: after ${this.#cursor}, but the head is ${head.position}`);
      }
      await world.sleep(headConfirmationPauseMs, signal);
    }
  }

  async *#drain(consumer: OrderedConsumer): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    const { signal } = this.#reading;
    for (;;) {
      const delivered = await consumer.take(readBatchMax);
      if (delivered.length === 0 || signal.aborted) return;
      const { events, stop } = this.#decode(delivered);
      if (events.length > 0) yield events;
      if (stop !== undefined) return stop();
    }
  }

  /** As many as follow one another and can be understood, and how to go on where that ended. Moves the cursor. */
  #decode(delivered: readonly Delivered[]): { events: StoredEvent[]; stop?: () => Promise<void> } {
    const events: StoredEvent[] = [];
    for (const { message, sequence, storedTs } of delivered) {
      if (sequence !== this.#cursor + 1) return { events, stop: () => this.#assertNoGap(sequence) };
      const position = sequence as Position;
      try {
        const record = { subject: message.subject, position, storedTs, body: message.data };
        const stored = decodeEvent(record, this.#options.upcasters);
        events.push(stored);
        if (this.#options.observer.tracedEvent) this.#noteTrace(stored, message);
      } catch (error) {
        const failure = asError(error);
        return { events, stop: () => Promise.reject(failure) };
      }
      this.#cursor = position;
    }
    return { events };
  }

  /** Headers are text, and parsed only when somebody asks for one. */
  #noteTrace(stored: StoredEvent, message: Msg): void {
    const traceparent = message.headers?.get(TRACEPARENT_HEADER);
    if (traceparent) this.#options.observer.tracedEvent?.(stored, traceparent);
  }

  /** The consumer skipped: either the event is gone from the log, or this consumer is not to be trusted. */
  async #assertNoGap(next: number): Promise<void> {
    const expected = this.#cursor + 1;
    const missing = await this.#options.api.message(this.#stream, { seq: expected });
    if (missing === undefined) throw new LogGap(`${this.#stream}: ${next} follows ${this.#cursor}`);
  }
}

/** The world's failures, or too many consumers for now: the reader tries again. Everything else stops it. */
const isPassing = (error: unknown): error is Error =>
  error instanceof LogUnavailable ||
  (error instanceof ApiError && (error.isTemporary || error.code === API_CODES.TooManyConsumers));

function onAbort(signal: AbortSignal, task: () => void): Disposable {
  signal.addEventListener('abort', task);
  if (signal.aborted) task();
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', task) };
}

export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error('not an Error', { cause: thrown });
