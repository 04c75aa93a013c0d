// A port for a server of ours, on loopback. Taken from below the range that systems give to outgoing connections, so that
// no client happens to sit on it when the server comes back after a restart.
import { once } from 'node:events';
import { createServer } from 'node:net';

const lowest = 20_000;
const highest = 29_999;
const attemptsMax = 100;

/** Free when it was tried; rejects when nothing free is found. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port on 127.0.0.1 from ${lowest} to ${highest}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false; // taken: the next one
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
