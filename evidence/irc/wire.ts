// A cable between one reader and the server that can be pulled: bytes go through as they come until then. It knows nothing of
// what they say.
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

export class Wire implements AsyncDisposable {
  cuts = 0;
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #awayUntilTs = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      if (Date.now() < this.#awayUntilTs) near.resetAndDestroy();
      else this.#join(near, connect(targetPort, '127.0.0.1'));
    });
  }

  static async to(targetPort: number): Promise<Wire> {
    const wire = new Wire(targetPort);
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Both ends see a reset, in the middle of whatever was said; for `awayMs` nobody gets through. Nobody there: no cut. */
  cut(awayMs: number): void {
    if (this.#ends.size === 0) return;
    this.cuts++;
    this.#awayUntilTs = Date.now() + awayMs;
    for (const end of this.#ends) end.resetAndDestroy();
  }

  /** One end's failing is the other's end: there is nothing else to do about it. */
  #join(near: Socket, far: Socket): void {
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#ends.add(end);
      end.setNoDelay(true).pipe(other);
      end.on('error', () => other.destroy());
      end.on('close', () => {
        this.#ends.delete(end);
        other.destroy();
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
