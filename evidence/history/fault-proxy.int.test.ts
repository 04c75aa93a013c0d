import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, seeded } from '@parley/proof';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxy } from './fault-proxy.ts';
import { flowBytesMax } from './flow.ts';

/** One end of a connection and all that came of it. */
interface End {
  readonly socket: Socket;
  text: string;
  hasEnded: boolean;
  failure: string | undefined;
}

function watch(socket: Socket): End {
  const end: End = { socket, text: '', hasEnded: false, failure: undefined };
  socket.on('data', (bytes) => (end.text += String(bytes)));
  socket.on('end', () => (end.hasEnded = true));
  socket.on('error', (error: NodeJS.ErrnoException) => (end.failure = error.code));
  return end;
}

/** More than the kernel keeps. */
const floodBytes = 64 * 1024 * 1024;
/** With the last piece, which is what Node reads at once. */
const waitingBytesMax = flowBytesMax + 64 * 1024;

let server: Server;
let accepted: End[];
let proxy: FaultProxy;
let parts: Socket[];

beforeEach(async () => {
  accepted = [];
  parts = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    parts.push(socket);
    accepted.push(watch(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  proxy = await FaultProxy.start({ target: () => ({ host: '127.0.0.1', port }), random: seeded(1) });
});

afterEach(async () => {
  for (const socket of parts) socket.destroy();
  await proxy[Symbol.asyncDispose]();
  server.close();
});

function dial(): End {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  parts.push(socket);
  return watch(socket);
}

/** Both ends of a new connection through the proxy, which has carried a word each way. */
async function connected(): Promise<{ client: End; peer: End }> {
  const before = accepted.length;
  const client = dial();
  await eventually('the server has the connection', () => accepted.length > before);
  const peer = accepted.at(-1);
  if (!peer) throw new Error('nobody came');
  client.socket.write('hello ');
  peer.socket.write('welcome ');
  await eventually('both have heard', () => peer.text === 'hello ' && client.text === 'welcome ');
  return { client, peer };
}

/** Nothing more came, although it had the time. */
const stillAfter = async (ms: number, text: () => string): Promise<string> => (await pause(ms), text());

describe('without a fault', () => {
  it('carries bytes, and the end of each direction by itself', async () => {
    const { client, peer } = await connected();
    client.socket.end('bye');
    await eventually('the server hears the end', () => peer.hasEnded);
    expect(client.hasEnded).toBe(false);
    peer.socket.end('and bye');
    await eventually('the client hears it', () => client.hasEnded);
    expect([client.text, peer.text]).toEqual(['welcome and bye', 'hello bye']);
    await eventually('nothing is left', () => proxy.connections === 0);
  });

  it('passes on that one side reset the connection, and that nobody listens behind it', async () => {
    const { client, peer } = await connected();
    peer.socket.resetAndDestroy();
    await eventually('the client is reset', () => client.failure === 'ECONNRESET');
    server.close();
    const late = dial();
    await eventually('the next one too', () => late.failure === 'ECONNRESET' || late.hasEnded);
  });

  it('goes at the pace of who reads', async () => {
    const { client, peer } = await connected();
    peer.socket.pause();
    client.socket.write(Buffer.alloc(floodBytes, 'x'));
    await eventually('the kernel takes no more', () => proxy.waitingBytes > 0);
    await pause(500);
    expect(proxy.waitingBytes).toBeLessThanOrEqual(waitingBytesMax);
    peer.socket.resume();
    await eventually('all of it came', () => peer.text.length === 'hello '.length + floodBytes);
  });
});

describe('latency and jitter', () => {
  it('delays each piece, keeps the order, and only in that direction', async () => {
    const { client, peer } = await connected();
    proxy.shape({ latencyMs: 200, jitterMs: 100 }, { direction: 'up' });
    const startedMs = performance.now();
    for (const word of 'abcdefghij') {
      client.socket.write(word);
      await pause(5);
    }
    peer.socket.write('at once');
    await eventually('the other direction is quick', () => client.text.endsWith('at once'));
    expect(peer.text).toBe('hello ');
    await eventually('all came', () => peer.text === 'hello abcdefghij');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(200);
  });
});

describe('held', () => {
  it('lets nothing through until it is healed, and then everything, the end included', async () => {
    const { client, peer } = await connected();
    proxy.shape({ passage: 'held' });
    client.socket.end('late');
    expect(await stillAfter(200, () => peer.text)).toBe('hello ');
    await proxy.heal();
    await eventually('it came', () => peer.text === 'hello late' && peer.hasEnded);
  });

  it('holds no more than it may: the sender keeps the rest', async () => {
    const { client, peer } = await connected();
    proxy.shape({ passage: 'held' });
    client.socket.write(Buffer.alloc(floodBytes, 'x'));
    await pause(500);
    expect(peer.text).toBe('hello ');
    expect(proxy.waitingBytes).toBeLessThanOrEqual(waitingBytesMax);
    expect(proxy.waitingBytes).toBeGreaterThan(0);
    await proxy.heal();
    await eventually('all of it came', () => peer.text.length === 'hello '.length + floodBytes);
  });
});

describe('swallowed', () => {
  it('loses bytes both ways without a word, new connections too; who lost some is reset when it is healed', async () => {
    const { client, peer } = await connected();
    proxy.shape({ passage: 'swallowed' });
    client.socket.write('lost');
    peer.socket.end('lost too');
    const late = dial();
    await eventually('a new one is taken', () => proxy.accepted === 2);
    late.socket.write('lost as well');
    const heard = await stillAfter(200, () => [client.text, peer.text, late.text, accepted.at(-1)?.text].join('|'));
    expect(heard).toBe('welcome |hello ||');
    expect([client.hasEnded, client.failure]).toEqual([false, undefined]);
    await proxy.heal();
    await eventually('both are reset', () => client.failure === 'ECONNRESET' && late.failure === 'ECONNRESET');
    await connected();
  });

  it('is one way, when asked, and never lets a stream with a hole go on', async () => {
    const { client, peer } = await connected();
    proxy.shape({ passage: 'swallowed' }, { direction: 'up' });
    client.socket.write('lost');
    peer.socket.write('heard');
    await eventually('the other way is open', () => client.text === 'welcome heard');
    proxy.shape({ passage: 'open' }, { direction: 'up' });
    client.socket.write('after the hole');
    expect(await stillAfter(200, () => peer.text)).toBe('hello ');
  });

  it('leaves alone who lost nothing', async () => {
    const { client, peer } = await connected();
    proxy.shape({ passage: 'swallowed' }, { connections: 'new' });
    client.socket.write('kept');
    await eventually('it came', () => peer.text === 'hello kept');
    proxy.shape({ passage: 'swallowed' });
    await proxy.heal();
    client.socket.write(' too');
    await eventually('it still carries', () => peer.text === 'hello kept too');
  });
});

describe.each([
  ['server', (pair: { client: End; peer: End }) => [pair.peer, pair.client]],
  ['client', (pair: { client: End; peer: End }) => [pair.client, pair.peer]],
] as const)('half open, the %s gone', (gone, order) => {
  it('the other side hears nothing, whatever it sends, until it is healed', async () => {
    const [lost, left] = order(await connected());
    proxy.halfOpen(gone);
    await eventually('one side is closed', () => lost?.hasEnded === true || lost?.failure !== undefined);
    left?.socket.write('is anybody there?');
    expect(await stillAfter(200, () => `${left?.hasEnded} ${left?.failure} ${left?.socket.destroyed}`)).toBe(
      'false undefined false',
    );
    await connected();
    await proxy.heal();
    await eventually('now it knows', () => left?.failure === 'ECONNRESET');
  });
});

describe('reset', () => {
  it('reaches both sides; who comes afterwards is served', async () => {
    const { client, peer } = await connected();
    proxy.reset();
    await eventually('both know', () => client.failure === 'ECONNRESET' && peer.failure === 'ECONNRESET');
    await connected();
  });
});

describe('cut off', () => {
  it('one side knows at once; what it sent comes late, and then the end', async () => {
    const { client, peer } = await connected();
    proxy.shape({ passage: 'held' }, { connections: 'existing' });
    client.socket.write('late');
    await eventually('it is under way', () => proxy.waitingBytes > 0);
    proxy.cutOff('client');
    await eventually('the client knows', () => client.failure === 'ECONNRESET');
    await connected();
    expect([peer.text, peer.hasEnded]).toEqual(['hello ', false]);
    await proxy.heal();
    await eventually('it came', () => peer.text === 'hello late' && peer.hasEnded);
  });
});

describe('slow close', () => {
  it('brings the end late, and what was said before it at once', async () => {
    const { client, peer } = await connected();
    proxy.shape({ closeDelayMs: 400 });
    const startedMs = performance.now();
    client.socket.end('last words');
    await eventually('the words came', () => peer.text === 'hello last words');
    expect(peer.hasEnded).toBe(false);
    await eventually('the end came', () => peer.hasEnded);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(400);
  });
});

describe('refuse', () => {
  it('nobody gets in, who is in stays, and healed it listens where it did', async () => {
    const { client, peer } = await connected();
    const { port } = proxy;
    proxy.refuse();
    const late = dial();
    await eventually('it is refused', () => late.failure === 'ECONNREFUSED');
    client.socket.write('still here');
    await eventually('it is served', () => peer.text === 'hello still here');
    await proxy.heal();
    expect(proxy.port).toBe(port);
    await connected();
  });
});
