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

/** Where nobody listens any more. */
async function startAndStop(): Promise<string> {
  using server = await startTestServer();
  return server.url;
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
  expect(bob.output).toMatch(/^> 1 {2}alice$/m);
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

it('renames a group and gives a role, and everybody is told', async () => {
  const server = await start();
  const bob = new Chatter(server.url, 'bob');
  await bob.sees('connected as bob');
  const alice = new Chatter(server.url, 'alice');
  alice.type('/group Team bob', 'hello', '/rename "Late lunch"', '/role bob admin', '/list');
  await alice.sees('> 1  Late lunch (2 members)');
  await bob.sees('[Late lunch] -- alice renamed it to Late lunch');
  await bob.sees('[Late lunch] -- alice made bob admin');
  bob.type('/list');
  await bob.sees('1  Late lunch (2 members)');
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
  await expect.poll(() => alice.output).toContain('* now in: bob');
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.isHidingLive = false;
  alice.type('three');
  await bob.sees('alice: three');
  expect(bob.output).toMatch(/one[^]*two[^]*three/);
  server.cut(1012);
  await alice.sees('not connected (cut)');
  alice.type('four');
  await alice.sees('* kept: it is sent when connected again');
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

it('makes the first conversation that gets a message the present one', async () => {
  const server = await start();
  const bob = new Chatter(server.url, 'bob');
  await bob.sees('connected as bob   (/help lists the commands)');
  const alice = new Chatter(server.url, 'alice');
  alice.type('/open bob', 'hello bob');
  await bob.sees('* now in: alice');
  const carol = new Chatter(server.url, 'carol');
  carol.type('/open bob', 'hello bob');
  await bob.sees('[carol] carol: hello bob');
  bob.type('hello alice', '/list');
  await alice.sees('[bob] bob: hello alice');
  await bob.sees(' *2  carol');
  expect(bob.output).not.toContain('* now in: carol');
});

it('lists a group with the members that are left, for those who stay', async () => {
  const server = await start();
  const bob = new Chatter(server.url, 'bob');
  await bob.sees('connected as bob');
  const alice = new Chatter(server.url, 'alice');
  alice.type('/group Team bob carol', '/list', '/remove carol', '/list');
  await alice.sees('> 1  Team (3 members)');
  await alice.sees('1  Team (2 members)');
  await bob.sees('-- alice removed carol');
  bob.type('/list');
  await bob.sees('1  Team (2 members)');
});

it('says what a command cannot do', async () => {
  const server = await start();
  const alice = new Chatter(server.url, 'alice');
  alice.type('/open alice', '/retry', '/group');
  await alice.sees('! that is you');
  await alice.sees('nothing failed');
  await alice.sees('! /group <name> <user…>');
});

it('says in one line when there is no server, and gives a code', async () => {
  const url = await startAndStop();
  const alice = new Chatter(url, 'alice');
  await alice.sees(`! nothing answers at ${new URL(url).host}: is it running? (npm start)`);
  alice.type('/quit');
  expect(await alice.quits()).toBe(1);
  expect(alice.output).not.toContain('    at ');
  expect(alice.output).not.toContain('no conversations yet');
});
