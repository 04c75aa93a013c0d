// One target's messages in order. The first is in flight alone, so that no retry can be overtaken; it leaves when the server
// acked it or refused it for good, and goes out again with the same id after anything else.
import type { World } from '@parley/domain';
import type { AckFrame, ErrorFrame, SendFrame } from '@parley/protocol';
import { retryPauseMs } from './back-off.ts';
import type { Outgoing, OutgoingState, Target } from './outgoing.ts';
import type { ServerClock } from './server-clock.ts';

export interface LaneOptions {
  readonly world: World;
  readonly clock: ServerClock;
  /** False when there is no connection. */
  readonly send: (frame: SendFrame) => boolean;
  readonly changed: (outgoing: Outgoing) => void;
  /** It has left the lane, sent or failed. */
  readonly settled: (outgoing: Outgoing) => void;
}

/** How long an ack may take before the message is sent again. */
const ackTimeoutMs = 15_000;

export class Lane {
  readonly #options: LaneOptions;
  readonly #queue: Outgoing[] = [];
  #failures = 0;
  #isInFlight = false;
  /** The pause before a retry, or the moment by which an ack must be here. */
  #timer: Disposable | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  push(outgoing: Outgoing): void {
    this.#queue.push(outgoing);
    this.#options.changed(outgoing);
    if (this.#queue.length === 1) this.pump();
  }

  /** Sends the first one, if there is a connection. */
  pump(): void {
    this.#clearTimer();
    const [first] = this.#queue;
    if (first === undefined) return;
    const { world, clock, send } = this.#options;
    const clientMsgId = first.clientMsgId ?? clock.newMessageId();
    this.#isInFlight = send({
      type: 'send',
      client_msg_id: clientMsgId,
      ...wireTarget(first.target),
      body: first.body,
    });
    if (!this.#isInFlight) return;
    this.#timer = world.schedule(ackTimeoutMs, () => this.pump());
    this.#replaceFirst({ ...first, clientMsgId, state: { type: 'sending' } });
  }

  /** The connection is gone: whether the server has it, its answer to the same id will tell. */
  offline(): void {
    const [first] = this.#queue;
    const wasInFlight = this.#isInFlight;
    this.#rest();
    if (wasInFlight && first !== undefined) this.#replaceFirst({ ...first, state: { type: 'waiting' } });
  }

  isInFlight(clientMsgId: string): boolean {
    return this.#isInFlight && this.#queue[0]?.clientMsgId === clientMsgId;
  }

  acked(ack: AckFrame): void {
    this.#settle({ type: 'sent', ack });
  }

  refused(error: ErrorFrame): void {
    if (error.code === 'clock_ahead' && error.server_ts !== undefined) this.#sendUnderNewId(error.server_ts);
    else if (error.retryable) this.#retryLater(error.retry_after_ms ?? 0);
    else this.#settle({ type: 'failed', code: error.code, message: error.message });
  }

  /** A refused id was never stored and never will be (ADR 6), so that a new one cannot double the message. */
  #sendUnderNewId(serverTs: number): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    this.#options.clock.correct(serverTs);
    const { key, target, body, state } = first;
    this.#queue[0] = { key, target, body, state };
    this.#retryLater(0);
  }

  #retryLater(retryAfterMs: number): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    const { world } = this.#options;
    this.#rest();
    const pauseMs = Math.max(retryAfterMs, retryPauseMs(this.#failures++, world.random()));
    this.#timer = world.schedule(pauseMs, () => this.pump());
    this.#replaceFirst({ ...first, state: { type: 'waiting' } });
  }

  #settle(state: OutgoingState): void {
    const first = this.#queue.shift();
    if (first === undefined) return;
    this.#rest();
    this.#failures = 0;
    const settled = { ...first, state };
    this.#options.settled(settled);
    this.#options.changed(settled);
    this.pump();
  }

  #replaceFirst(outgoing: Outgoing): void {
    this.#queue[0] = outgoing;
    this.#options.changed(outgoing);
  }

  #rest(): void {
    this.#isInFlight = false;
    this.#clearTimer();
  }

  #clearTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

const wireTarget = (target: Target) =>
  target.conversationId === undefined ? { to_user_id: target.toUserId } : { conversation_id: target.conversationId };
