// All events of one conversation, through a consumer that is given its two subjects alone. Where it ends is asked of the leader,
// and that none was lost on the way is told by the consumer's own count: positions of one conversation have gaps by nature.
import {
  readBatchMax,
  type ConversationId,
  type ConversationRange,
  type Position,
  type StoredEvent,
} from '@parley/domain';
import { decodeEvent } from './codec.ts';
import { openConsumer, type Delivered, type OrderedConsumer } from './consumer.ts';
import { acrossConsumers, asError, type Course, type ReaderOptions, type Reading } from './read.ts';
import { chatStream, chatSubject } from './subjects.ts';

export interface ConversationReading extends ConversationRange, Pick<Reading, 'shard'> {
  readonly conversationId: ConversationId;
}

export async function* readConversation(
  options: ReaderOptions,
  reading: ConversationReading,
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  const last = await lastPosition(options, reading);
  if (last <= reading.after) return;
  const course = new ConversationCourse(options, { ...reading, last });
  yield* acrossConsumers(options, { ...reading, course });
}

class ConversationCourse implements Course {
  readonly #options: ReaderOptions;
  readonly #reading: ConversationReading & { readonly last: number };
  #cursor: Position;

  constructor(options: ReaderOptions, reading: ConversationReading & { readonly last: number }) {
    this.#options = options;
    this.#reading = reading;
    this.#cursor = reading.after;
  }

  /** An event beyond the range ends it, too: it proves that the ones before it have come. */
  isOver(): boolean {
    return this.#cursor >= Math.min(this.#reading.last, this.#reading.upTo);
  }

  open(): Promise<OrderedConsumer> {
    const { api, connection, world } = this.#options;
    const { shard, signal } = this.#reading;
    const name = `conversation-s${shard}-${world.uuid().slice(-8)}`;
    const place = { stream: chatStream(shard), name, startAt: this.#cursor + 1, subjects: subjectsOf(this.#reading) };
    return openConsumer({ api, connection, world, signal, ...place });
  }

  async *drain(consumer: OrderedConsumer): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    for (let serial = 0; !this.isOver();) {
      const delivered = await consumer.take(readBatchMax);
      if (delivered.length === 0 || this.#reading.signal.aborted) return;
      const followed = delivered.findIndex((one, index) => one.serial !== serial + index + 1);
      const { events, failure } = this.#decode(followed < 0 ? delivered : delivered.slice(0, followed));
      if (events.length > 0) yield events;
      if (failure !== undefined) throw failure;
      if (followed >= 0) return consumer.break('delivery lost');
      serial += delivered.length;
    }
  }

  /** As many as are in the range and can be understood. Moves the cursor. */
  #decode(delivered: readonly Delivered[]): { readonly events: readonly StoredEvent[]; readonly failure?: Error } {
    const events: StoredEvent[] = [];
    for (const { message, sequence, storedTs } of delivered) {
      const at = sequence as Position;
      try {
        const record = { subject: message.subject, position: at, storedTs, body: message.data };
        if (at <= this.#reading.upTo) events.push(decodeEvent(record, this.#options.upcasters));
      } catch (error) {
        return { events, failure: asError(error) };
      }
      this.#cursor = at;
    }
    return { events };
  }
}

const subjectsOf = (reading: ConversationReading): readonly [string, string] => [
  chatSubject({ ...reading, kind: 'msg' }),
  chatSubject({ ...reading, kind: 'meta' }),
];

/** Of either subject, from the leader; 0 when there is none. */
async function lastPosition({ api }: ReaderOptions, reading: ConversationReading): Promise<number> {
  const stream = chatStream(reading.shard);
  const asked = subjectsOf(reading).map((subject) => api.message(stream, { last_by_subj: subject }));
  return Math.max(...(await Promise.all(asked)).map((record) => record?.position ?? 0));
}
