// For tests: a wire to a server that counts round trips. It holds answers back until both sides have been quiet for a while, so
// what was not asked before the first answer counts as another round trip.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

const quietMs = 50;

export interface CountingWire extends AsyncDisposable {
  readonly url: string;
  readonly roundTrips: number;
}

export async function startCountingWire(port: number): Promise<CountingWire> {
  let roundTrips = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    const held: Buffer[] = [];
    const answer = (): void => {
      roundTrips += 1;
      client.write(Buffer.concat(held.splice(0)));
    };
    let timer: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(timer);
      if (held.length > 0) timer = setTimeout(answer, quietMs);
    };
    client.on('data', (bytes) => {
      upstream.write(bytes);
      wait();
    });
    upstream.on('data', (bytes) => {
      held.push(bytes);
      wait();
    });
    client.on('close', () => upstream.destroy());
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => client.destroy()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    get roundTrips() {
      return roundTrips;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
