// Messages until they are acked, in one lane per target. However often the connection breaks, a message keeps its id, and
// the server makes one message of all its copies.
import type { AckFrame, ErrorFrame } from '@parley/protocol';
import { Lane, type LaneOptions } from './lane.ts';
import { laneOf, type Outgoing, type Target } from './outgoing.ts';

export type OutboxOptions = Omit<LaneOptions, 'settled'>;

export class OutboxFull extends Error {
  override readonly name = 'OutboxFull';
}

/** Messages that wait for their ack, all lanes together. */
export const outboxMessagesMax = 1_000;

export class Outbox {
  readonly #options: LaneOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #failed = new Map<number, Outgoing>();
  #keys = 0;
  #waiting = 0;

  constructor(options: OutboxOptions) {
    this.#options = { ...options, settled: (outgoing) => this.#settled(outgoing) };
  }

  /** Takes the message; throws OutboxFull at the limit. */
  add(target: Target, body: string): Outgoing {
    if (this.#waiting >= outboxMessagesMax) throw new OutboxFull(`${this.#waiting} messages wait to be sent`);
    const outgoing: Outgoing = { key: ++this.#keys, target, body, state: { type: 'waiting' } };
    this.#push(outgoing);
    return outgoing;
  }

  /** A failed one goes out again, with the same id. */
  retry(key: number): void {
    const outgoing = this.#failed.get(key);
    if (outgoing === undefined) return;
    this.#failed.delete(key);
    this.#push({ ...outgoing, state: { type: 'waiting' } });
  }

  online(): void {
    for (const lane of this.#lanes.values()) lane.pump();
  }

  offline(): void {
    for (const lane of this.#lanes.values()) lane.offline();
  }

  acked(ack: AckFrame): void {
    this.#laneInFlight(ack.client_msg_id)?.acked(ack);
  }

  /** True when the error was about one of ours. */
  refused(error: ErrorFrame): boolean {
    const lane = this.#laneInFlight(error.client_msg_id);
    lane?.refused(error);
    return lane !== undefined;
  }

  #push(outgoing: Outgoing): void {
    const name = laneOf(outgoing.target);
    const lane = this.#lanes.get(name) ?? new Lane(this.#options);
    this.#lanes.set(name, lane);
    this.#waiting++;
    lane.push(outgoing);
  }

  #settled(outgoing: Outgoing): void {
    const name = laneOf(outgoing.target);
    this.#waiting--;
    if (outgoing.state.type === 'failed') this.#keepFailed(outgoing);
    if (this.#lanes.get(name)?.isEmpty === true) this.#lanes.delete(name);
  }

  /** For `retry`; the oldest is forgotten at the limit. */
  #keepFailed(outgoing: Outgoing): void {
    this.#failed.set(outgoing.key, outgoing);
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > outboxMessagesMax && oldest !== undefined) this.#failed.delete(oldest);
  }

  #laneInFlight(clientMsgId: string | undefined): Lane | undefined {
    if (clientMsgId === undefined) return undefined;
    return this.#lanes.values().find((lane) => lane.isInFlight(clientMsgId));
  }
}
