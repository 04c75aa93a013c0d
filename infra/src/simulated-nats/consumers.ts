// Pull consumers that acknowledge nothing, as our readers make them: deliveries in order from a position on, heartbeats while
// there is nothing, and the end of a pull that has expired. They are in memory: whoever forgets them forgets them all.
import { headers } from '@nats-io/transport-node';
import type { World } from '@parley/domain';
import type { Stream, StreamMessage } from './stream.ts';

export interface Delivery {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply?: string;
  readonly headers?: ReturnType<typeof headers>;
}

export interface ConsumerOptions {
  readonly world: Pick<World, 'now' | 'schedule'>;
  readonly stream: Stream;
  readonly streamName: string;
  readonly name: string;
  readonly startAt: number;
  /** Only these; absent: all. */
  readonly subjects?: readonly string[];
  /** To the inbox of whoever pulls. */
  readonly deliver: (inbox: string, delivery: Delivery) => void;
}

interface Pull {
  readonly inbox: string;
  readonly expiresTs: number;
  owed: number;
}

export interface PullRequest {
  readonly batch: number;
  /** Both in nanoseconds. */
  readonly expires: number;
  readonly idle_heartbeat: number;
}

const nanosPerMs = 1_000_000;
const nothing = new Uint8Array();

export class Consumer implements Disposable {
  readonly #options: ConsumerOptions;
  #next: number;
  #serial = 0;
  #pulls: Pull[] = [];
  #heartbeat: Disposable | undefined;
  #isDisposed = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#next = options.startAt;
  }

  pull(inbox: string, { batch, expires, idle_heartbeat }: PullRequest): void {
    const { world } = this.#options;
    this.#pulls.push({ inbox, owed: batch, expiresTs: world.now() + expires / nanosPerMs });
    this.#heartbeat ??= this.#beatAfter(idle_heartbeat / nanosPerMs);
    this.serve();
  }

  /** The stream may have grown. */
  serve(): void {
    const { stream } = this.#options;
    for (let [pull] = this.#pulls; pull && this.#next <= stream.head; [pull] = this.#pulls) {
      const message = stream.at(this.#next++);
      if (!message) throw new Error('a stream without holes has one');
      if (!this.#isWanted(message)) continue;
      this.#deliver(pull, message);
      if (pull.owed === 0) this.#pulls.shift();
    }
  }

  #isWanted({ subject }: StreamMessage): boolean {
    return this.#options.subjects?.includes(subject) ?? true;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#heartbeat?.[Symbol.dispose]();
    this.#pulls = [];
  }

  #deliver(pull: Pull, message: StreamMessage): void {
    const { stream, streamName, name, deliver } = this.#options;
    this.#serial++;
    pull.owed--;
    const place = `${this.#serial}.${message.seq}.${this.#serial}.${message.storedTs}000000.${stream.head - message.seq}`;
    deliver(pull.inbox, { ...message, reply: `$JS.ACK.${streamName}.${name}.${place}` });
  }

  #beatAfter(intervalMs: number): Disposable {
    return this.#options.world.schedule(intervalMs, () => {
      if (this.#isDisposed) return;
      this.#expire();
      const [pull] = this.#pulls;
      if (pull) this.#say(pull, 100, { 'Nats-Last-Consumer': this.#serial });
      this.#heartbeat = this.#beatAfter(intervalMs);
    });
  }

  #expire(): void {
    const nowTs = this.#options.world.now();
    const over = this.#pulls.filter(({ expiresTs }) => expiresTs <= nowTs);
    this.#pulls = this.#pulls.filter((pull) => !over.includes(pull));
    for (const pull of over) this.#say(pull, 408, { 'Nats-Pending-Messages': pull.owed });
  }

  #say({ inbox }: Pull, code: number, values: Readonly<Record<string, number>>): void {
    const status = headers(code, 'Status');
    for (const [name, value] of Object.entries(values)) status.append(name, `${value}`);
    this.#options.deliver(inbox, { subject: inbox, data: nothing, headers: status });
  }
}
