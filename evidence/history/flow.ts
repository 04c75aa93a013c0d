// One direction of a proxied connection: bytes in order, late, held back or swallowed. What TCP never does it does not do
// either: a stream that lost bytes carries no others afterwards, and the sender feels the back-pressure of what waits here.
import type { Socket } from 'node:net';

export interface FlowConditions {
  /** Each piece is this late, and up to `jitterMs` more; the order stays. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** The end of the stream comes so much later still. */
  readonly closeDelayMs: number;
  /** `held`: an outage shorter than the peers' patience, afterwards everything arrives. `swallowed`: nothing ever does. */
  readonly passage: 'open' | 'held' | 'swallowed';
}

export const CLEAR: FlowConditions = { latencyMs: 0, jitterMs: 0, closeDelayMs: 0, passage: 'open' };

/** What waits here at most, and one piece more; then the source is not read. */
export const flowBytesMax = 256 * 1024;

interface Piece {
  readonly what: Buffer | 'end' | 'reset';
  readonly dueMs: number;
}

export class Flow {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #random: () => number;
  readonly #waiting: Piece[] = [];
  #conditions: FlowConditions;
  #bytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #hasHole = false;

  constructor(source: Socket, target: Socket, how: { conditions: FlowConditions; random: () => number }) {
    this.#source = source;
    this.#target = target;
    this.#conditions = how.conditions;
    this.#random = how.random;
    source.on('data', (bytes: Buffer) => this.#take(bytes));
    source.on('end', () => this.#take('end'));
    source.on('error', () => this.#take('reset'));
    target.on('drain', () => this.#move());
    target.on('close', () => clearTimeout(this.#timer));
  }

  get conditions(): FlowConditions {
    return this.#conditions;
  }

  /** Something was swallowed: this stream can never be whole again. */
  get hasHole(): boolean {
    return this.#hasHole;
  }

  get waitingBytes(): number {
    return this.#bytes;
  }

  set conditions(conditions: FlowConditions) {
    this.#conditions = conditions;
    if (conditions.passage === 'swallowed') this.#swallow();
    this.#move();
  }

  /** As if the source had ended now. */
  end(): void {
    this.#take('end');
  }

  #take(what: Piece['what']): void {
    const { passage, latencyMs, jitterMs, closeDelayMs } = this.#conditions;
    if (passage === 'swallowed' || this.#hasHole) {
      this.#hasHole = true;
      return;
    }
    const closeMs = what === 'end' ? closeDelayMs : 0;
    const dueMs = performance.now() + latencyMs + jitterMs * this.#random() + closeMs;
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    this.#waiting.push({ what, dueMs: this.#lastDueMs });
    this.#count(lengthOf(what));
    this.#move();
  }

  #swallow(): void {
    if (this.#waiting.length > 0) this.#hasHole = true;
    this.#waiting.length = 0;
    this.#count(-this.#bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= flowBytesMax) this.#source.pause();
    else if (this.#source.isPaused()) this.#source.resume();
  }

  #move(): void {
    clearTimeout(this.#timer);
    if (this.#conditions.passage !== 'open') return;
    for (let next = this.#waiting[0]; next && !this.#target.writableNeedDrain; next = this.#waiting[0]) {
      const inMs = next.dueMs - performance.now();
      if (inMs > 0) return void (this.#timer = setTimeout(() => this.#move(), inMs));
      this.#waiting.shift();
      this.#count(-lengthOf(next.what));
      this.#pass(next.what);
    }
  }

  #pass(what: Piece['what']): void {
    if (this.#target.destroyed) return;
    if (what === 'end') this.#target.end();
    else if (what === 'reset') this.#target.resetAndDestroy();
    else this.#target.write(what);
  }
}

const lengthOf = (what: Piece['what']): number => (typeof what === 'string' ? 0 : what.length);
