// The terminal client as a process, driven by pipes, against a small server of the tests' own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

const main = path.join(import.meta.dirname, '../main.ts');

class Chatter {
  readonly #child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  output = '';

  constructor(url: string, user: string) {
    this.#child = spawn(process.execPath, [main, 'chat', '--user', user, '--url', url]);
    this.ended = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (data) => (this.output += String(data)));
    onTestFinished(() => void this.#child.kill());
  }

  type(...lines: readonly string[]): void {
    this.#child.stdin?.write(`${lines.join('\n')}\n`);
  }

  async sees(text: string): Promise<void> {
    await vi
      .waitUntil(() => this.output.includes(text), { timeout: 10_000 })
      .catch(() => {
        throw new Error(`no "${text}" in:\n${this.output}`);
      });
  }

  async quits(): Promise<unknown> {
    this.#child.stdin?.end();
    const [code] = await this.ended;
    return code;
  }
}

async function start(): Promise<TestServer> {
  const server = await startTestServer();
  onTestFinished(() => server[Symbol.dispose]());
  return server;
}

it('opens a direct chat, talks both ways and tells who said what', async () => {
  const server = await start();
  const alice = new Chatter(server.url, 'alice');
  await alice.sees('connected as alice');
  const bob = new Chatter(server.url, 'bob');
  await bob.sees('connected as bob');
  alice.type('/open bob', 'hello bob');
  await bob.sees('[alice] alice: hello bob');
  bob.type('/list', '/use 1', 'hello alice');
  await alice.sees('[bob] bob: hello alice');
  expect(bob.output).toMatch(/^ \*1 {2}alice$/m);
  expect(await alice.quits()).toBe(0);
  expect(await bob.quits()).toBe(0);
});

it('creates a group, adds, removes, leaves, and pages its history', async () => {
  const server = await start();
  const alice = new Chatter(server.url, 'alice');
  const bob = new Chatter(server.url, 'bob');
  await bob.sees('connected as bob');
  alice.type('/group "Team lunch" bob', 'one', 'two', '/members');
  await bob.sees('[Team lunch] alice: two');
  await alice.sees('bob (member)');
  alice.type('/add carol', '/remove bob', '/history 2', '/history 2');
  await bob.sees('-- alice removed bob');
  await alice.sees('-- alice added carol');
  alice.type('/history 10', '/leave', '/members');
  await alice.sees('(that is all)');
  await alice.sees('no conversation yet');
});

it('shows what it missed after a lost connection and a lost frame', async () => {
  const server = await start();
  const alice = new Chatter(server.url, 'alice');
  const bob = new Chatter(server.url, 'bob');
  await bob.sees('connected as bob');
  alice.type('/open bob', 'one');
  await bob.sees('alice: one');
  server.isHidingLive = true;
  alice.type('two');
  await expect.poll(() => alice.output).toContain('> bob');
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.isHidingLive = false;
  alice.type('three');
  await bob.sees('alice: three');
  expect(bob.output).toMatch(/one[^]*two[^]*three/);
  server.cut(1012);
  await alice.sees('not connected (cut)');
  alice.type('four');
  await bob.sees('alice: four');
  expect(await alice.quits()).toBe(0);
});

it('sends everything that was piped into it before it ends', async () => {
  const server = await start();
  const alice = new Chatter(server.url, 'alice');
  alice.type('/open bob', ...Array.from({ length: 50 }, (_, index) => `line ${index}`));
  expect(await alice.quits()).toBe(0);
  const bob = new Chatter(server.url, 'bob');
  await bob.sees('1  alice');
  bob.type('/use 1', '/history 60');
  await bob.sees('line 49');
  expect(bob.output.match(/alice: line \d+/g)).toHaveLength(50);
});

it('says in one line when there is no server, and gives a code', async () => {
  const alice = new Chatter('ws://127.0.0.1:9', 'alice');
  await alice.sees('! ');
  alice.type('/quit');
  expect(await alice.quits()).toBe(1);
  expect(alice.output).not.toContain('    at ');
});
