// haproxy.cfg in a real HAProxy, in front of servers that say who they are. Only what names other machines is replaced.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@parley/infra/runtime';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { provided } from './programs.ts';

const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
const parts = new AsyncDisposableStack();
let url: string;
let gateways: readonly Gateway[];

interface Gateway {
  readonly port: number;
  readonly adminPort: number;
  isReady: boolean;
}

beforeAll(async () => {
  gateways = await Promise.all(['a', 'b', 'c'].map(startGateway));
  url = `http://127.0.0.1:${await startBalancer(gateways)}`;
  await vi.waitFor(async () => expect(new Set(await answers(users.map(() => ({})))).size).toBe(3), { timeout: 60_000 });
});

afterAll(() => parts.disposeAsync());

it('sends all calls of a user to one gateway, and users to all gateways', async () => {
  const first = await answers(users.map(inHeader));
  expect(new Set(first)).toEqual(new Set(['a', 'b', 'c']));
  expect(await answers(users.map(inHeader))).toEqual(first);
});

it('sees the user of a browser, whose token is a subprotocol', async () => {
  expect(await answers(users.map(asSubprotocol))).toEqual(await answers(users.map(inHeader)));
});

it('takes turns without a user', async () => {
  const everyone = new Set(['a', 'b', 'c']);
  expect(new Set(await answers(users.map(() => ({}))))).toEqual(everyone);
  expect(new Set(await answers(users.map(() => ({ authorization: 'Bearer rubbish' }))))).toEqual(everyone);
});

it('sends nothing to a gateway that is not ready, and leaves the users of the others where they are', async () => {
  const before = await answers(users.map(inHeader));
  const [drained] = gateways;
  expect(drained).toBeDefined();
  if (drained !== undefined) drained.isReady = false;
  await vi.waitFor(async () => expect(await answers(users.map(inHeader))).not.toContain('a'), { timeout: 60_000 });
  const after = await answers(users.map(inHeader));
  expect(after.filter((name, index) => before[index] !== 'a' && before[index] !== name)).toEqual([]);
});

const jwt = (user: string): string => `${base64url({ alg: 'HS256' })}.${base64url({ sub: user })}.signature`;
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const inHeader = (user: string) => ({ authorization: `Bearer ${jwt(user)}` });
const asSubprotocol = (user: string) => ({ 'sec-websocket-protocol': `chat.v1, bearer.${jwt(user)}` });

/** Who answered each call, one call after the other. */
async function answers(calls: readonly Readonly<Record<string, string>>[]): Promise<readonly string[]> {
  const names: string[] = [];
  for (const headers of calls) names.push(await (await fetch(url, { headers })).text());
  return names;
}

async function startGateway(name: string): Promise<Gateway> {
  const gateway = { port: await freePort(), adminPort: await freePort(), isReady: true };
  await listen(
    createServer((_, response) => response.end(name)),
    gateway.port,
  );
  await listen(
    createServer((_, response) => response.writeHead(gateway.isReady ? 200 : 503).end()),
    gateway.adminPort,
  );
  return gateway;
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  parts.defer(() => void server.close().closeAllConnections());
}

/** Its port. */
async function startBalancer(servers: readonly Gateway[]): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-balancer-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const port = await freePort();
  const file = path.join(folder, 'haproxy.cfg');
  await writeFile(file, onThisMachine(await readFile('infra/deploy/haproxy/haproxy.cfg', 'utf8'), port, servers));
  const child = spawn(provided('PARLEY_TEST_HAPROXY'), ['-f', file], { stdio: 'ignore' });
  parts.defer(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null) await once(child, 'exit');
  });
  return port;
}

function onThisMachine(config: string, port: number, servers: readonly Gateway[]): string {
  const lines = servers.map(
    (each, index) => `    server gateway-${index} 127.0.0.1:${each.port} check port ${each.adminPort}`,
  );
  return config
    .replace('bind :8080', `bind 127.0.0.1:${port}`)
    .replace(/^frontend operators[\s\S]*/m, '')
    .replace('maxconn 40000', 'maxconn 400')
    .replace(/^ +server-template.*$/m, lines.join('\n'));
}
