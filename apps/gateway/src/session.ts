// One connection of one user, from its `hello` to its close: what it may do, what waits for it, how it is written to.
// It knows no uWebSockets.js: `Socket` is what it needs of one, so that the simulation can stand in.
import { TokenBucket, type SessionEntry, type TimestampMs, type World } from '@parley/domain';
import { CLOSE, type CloseName, type ServerFrame, type WireLimits } from '@parley/protocol';
import type { Encoded, Format } from './formats.ts';
import { Holds, type Hold, type LiveFrame } from './live/holds.ts';
import { createInFlight } from './in-flight.ts';

/** Never called after `end`. */
export interface Socket {
  /** Queues it; what the network does not take at once waits, and shows in `bufferedBytes`. */
  send(bytes: Uint8Array, isBinary: boolean): void;
  readonly bufferedBytes: number;
  ping(): void;
  /** The close handler runs before it returns. */
  end(code: number, reason: string): void;
}

export interface SessionOptions {
  readonly entry: SessionEntry;
  readonly format: Format;
  readonly socket: Socket;
  readonly tokenExpTs: TimestampMs;
  readonly limits: WireLimits;
  readonly world: Pick<World, 'now'>;
  readonly onSlow: () => void;
  readonly onWritten: (bytes: number) => void;
}

export class Session {
  readonly entry: SessionEntry;
  readonly format: Format;
  readonly bucket: TokenBucket;
  /** Frames of this session that have no answer yet. */
  readonly inFlight = createInFlight();
  tokenExpTs: TimestampMs;
  isToldOfExpiry = false;
  lastHeardTs: TimestampMs;
  lastPingTs: TimestampMs;
  /** In a row, what was not this protocol. */
  garbageFrames = 0;
  /** What came too fast, less what came in time. */
  floodFrames = 0;

  readonly #socket: Socket;
  readonly #limits: WireLimits;
  readonly #onSlow: () => void;
  readonly #onWritten: (bytes: number) => void;
  readonly #holds: Holds;
  #isOpen = true;
  #waitingForRoom: (() => void)[] = [];

  constructor({ entry, format, socket, tokenExpTs, limits, world, onSlow, onWritten }: SessionOptions) {
    this.entry = entry;
    this.format = format;
    this.tokenExpTs = tokenExpTs;
    this.lastHeardTs = world.now();
    this.lastPingTs = this.lastHeardTs;
    this.bucket = new TokenBucket({ perSecond: limits.framesPerSecondMax, burst: limits.framesBurstMax }, world.now());
    this.#socket = socket;
    this.#limits = limits;
    this.#onSlow = onSlow;
    this.#onWritten = onWritten;
    this.#holds = new Holds(limits.sendBufferBytesMax);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(frame: ServerFrame): void {
    this.#write(this.format.encode(frame));
  }

  sendEncoded(encoded: Encoded): void {
    this.#write(encoded.in(this.format));
  }

  /** A live frame: now, or after the resume that holds its conversation back. */
  deliver(frame: LiveFrame): void {
    if (!this.#holds.covers(frame.conversationId)) this.sendEncoded(frame.encoded);
    else if (!this.#holds.keep(frame, frame.encoded.in(this.format).byteLength)) this.#closeSlow();
  }

  /** From now on live frames of these conversations wait. Undefined when too many resumes do. */
  hold(conversationIds: Hold['conversationIds']): Hold | undefined {
    return this.#holds.begin(conversationIds);
  }

  /** Lets go of what waited and is above these heads. */
  release(hold: Hold, heads: Parameters<Holds['end']>[1]): void {
    for (const frame of this.#holds.end(hold, heads)) this.sendEncoded(frame.encoded);
  }

  /** Resolves when the socket has room for bulk, or is closed: what can wait does, so that it never makes a reader slow. */
  room(): Promise<void> {
    if (!this.#isOpen || this.#socket.bufferedBytes <= this.#roomBytes) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  ping(now: TimestampMs): void {
    this.lastPingTs = now;
    if (this.#isOpen) this.#socket.ping();
  }

  close(name: CloseName): void {
    if (this.#isOpen) this.#socket.end(CLOSE[name].code, CLOSE[name].reason);
  }

  /** The socket took some of what waited. */
  drained(): void {
    if (this.#socket.bufferedBytes <= this.#roomBytes) this.#wakeWaiting();
  }

  /** The socket is gone. */
  closed(): void {
    this.#isOpen = false;
    this.#wakeWaiting();
  }

  /** Half of the buffer stays free for live frames. */
  get #roomBytes(): number {
    return this.#limits.sendBufferBytesMax / 2;
  }

  #write(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#socket.send(bytes, this.format.isBinary);
    this.#onWritten(bytes.byteLength);
    if (this.#socket.bufferedBytes > this.#limits.sendBufferBytesMax) this.#closeSlow();
  }

  #closeSlow(): void {
    if (!this.#isOpen) return;
    this.#onSlow();
    this.close('slowConsumer');
  }

  #wakeWaiting(): void {
    const waiting = this.#waitingForRoom;
    this.#waitingForRoom = [];
    for (const resolve of waiting) resolve();
  }
}
