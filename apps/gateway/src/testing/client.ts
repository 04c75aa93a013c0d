// A client on a real socket, in the format the gateway chose, that keeps what it was sent.
import { decode, encode } from '@msgpack/msgpack';
import type { ServerFrame, ServerFrameType } from '@parley/protocol';

type FrameOf<Type extends ServerFrameType> = Extract<ServerFrame, { readonly type: Type }>;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** Also of a machine with much else to do. */
const patienceMs = 10_000;

export class TestClient implements Disposable {
  readonly socket: WebSocket;
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<Closed>;
  readonly #waiting = new Set<() => void>();

  constructor(url: string, protocols: readonly string[]) {
    this.socket = new WebSocket(url, [...protocols]);
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('message', ({ data }) => {
      this.frames.push((data instanceof ArrayBuffer ? decode(data) : JSON.parse(String(data))) as ServerFrame);
      for (const wake of this.#waiting) wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
    });
  }

  send(frame: unknown): void {
    if (typeof frame === 'string') this.socket.send(frame);
    else this.socket.send(this.socket.protocol.endsWith('msgpack') ? encode(frame) : JSON.stringify(frame));
  }

  /** The next one of this type that was not given before; takes it. Rejects after a while, saying what came instead. */
  next<Type extends ServerFrameType>(type: Type): Promise<FrameOf<Type>> {
    const isWanted = (frame: ServerFrame): frame is FrameOf<Type> => frame.type === type;
    const { promise, resolve, reject } = Promise.withResolvers<FrameOf<Type>>();
    const look = (): void => {
      const frame = this.frames.find(isWanted);
      if (!frame) return;
      this.frames.splice(this.frames.indexOf(frame), 1);
      this.#waiting.delete(look);
      clearTimeout(timer);
      resolve(frame);
    };
    const timer = setTimeout(() => {
      this.#waiting.delete(look);
      reject(new Error(`no ${type} came, but ${JSON.stringify(this.frames).slice(0, 500)}`));
    }, patienceMs);
    this.#waiting.add(look);
    look();
    return promise;
  }

  /** Everything that came before the answer to this ping. */
  async settled(): Promise<readonly ServerFrame[]> {
    this.send({ type: 'ping', ref: 'settled' });
    await this.next('pong');
    return this.frames;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}
