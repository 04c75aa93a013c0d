// Two processes deliver, sharing the shards by leases on a real Valkey; they are killed, frozen and stopped while people talk.
// Everybody hears everything, soon, and no gateway believes that it missed something.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { shardOf, type ConversationId } from '@parley/domain';
import { connectNats, openCheckpoints, openDeployment } from '@parley/infra/nats';
import { openSessionRegistry } from '@parley/infra/redis';
import { createWorld } from '@parley/infra/runtime';
import { startTestValkey } from '@parley/infra/testing';
import { eventually, isAcked, type RecordingClient } from '@parley/proof';
import { expect, test } from 'vitest';
import { startSystem, type System } from './system.ts';

const shards = 16;
/** More conversations than shards: each shard has some, all but surely. */
const conversations = 64;

class Worker implements AsyncDisposable {
  readonly name: string;
  count = 0;
  readonly #child: ChildProcess;

  constructor(name: string, urls: readonly [string, string]) {
    this.name = name;
    const file = path.join(import.meta.dirname, 'delivery-worker.ts');
    this.#child = spawn(process.execPath, [file, name, ...urls, String(shards)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (!this.#child.stdout) throw new Error('no output');
    createInterface(this.#child.stdout).on('line', (line) => {
      const told = JSON.parse(line) as { readonly count?: number; readonly failed?: string };
      this.count = told.count ?? this.count;
      if (told.failed !== undefined) console.log(`${name}: ${told.failed}`);
    });
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const ended = isOver ? undefined : once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
    this.count = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}

test('workers that share delivery take over from one another with nothing lost, and nobody has to resume', async () => {
  await using valkey = await startTestValkey();
  const world = createWorld();
  using sessions = await openSessionRegistry({ urls: [valkey.url], world, report: () => undefined });
  const resyncs: string[] = [];
  await using system = await startSystem({ deliveredByOthers: sessions, onResync: (reason) => resyncs.push(reason) });
  const urls = [system.natsUrl, valkey.url] as const;
  await using one = new Worker('one', urls);
  await eventually('one is alone', () => one.count === shards);
  await using two = new Worker('two', urls);
  await eventually('both have their share', () => one.count === shards / 2 && two.count === shards / 2);

  const [alice, bob] = [system.client('alice'), system.client('bob')];
  await eventually('both are connected', () => alice.isReady && bob.isReady);
  const ids = await Promise.all(Array.from({ length: conversations }, (_, nth) => group(system, `room ${nth}`)));
  const talk = startTalking(alice, ids);
  const heardAll = (upTo: number): boolean => heard(bob, ids) >= upTo;
  await eventually('bob hears of all rooms', () => heardAll(conversations));
  // A shard that is killed within its first second has no checkpoint: the next worker begins at its head, and clients resume.
  await eventually('every shard has a checkpoint', () => haveCheckpoints(system, ids));

  const killedTs = Date.now();
  await one.end('SIGKILL');
  await eventually('two has all shards', () => two.count === shards);
  const sent = talk.sent();
  await eventually('bob has all that was said', () => heardAll(sent));
  const tookMs = Date.now() - killedTs;

  await using three = new Worker('three', urls);
  await eventually('the new one has its share', () => three.count === shards / 2 && two.count === shards / 2);
  three.signal('SIGSTOP');
  await eventually('two has all shards again', () => two.count === shards);
  three.signal('SIGCONT');
  await eventually('three has its share again', () => three.count === shards / 2 && two.count === shards / 2);
  await three.end('SIGTERM');
  await eventually('two takes over at once', () => two.count === shards);

  const said = await talk.stop();
  await eventually('bob has everything', () => heardAll(said));
  console.log(
    `${said} messages; the killed worker's shards were delivered again after ${tookMs} ms; resyncs: ${resyncs.join()}`,
  );
  expect(resyncs).not.toContain('hole');
  expect([...alice.offences, ...bob.offences]).toEqual([]);
  alice.stop();
  bob.stop();
});

async function haveCheckpoints({ natsUrl }: System, ids: readonly string[]): Promise<boolean> {
  await using connection = await connectNats({ servers: natsUrl, name: 'test' });
  const { logEpoch } = await openDeployment({ connection, world: createWorld(), shards, replicas: 1 });
  const checkpoints = await openCheckpoints(connection, logEpoch);
  const used = new Set(ids.map((id) => shardOf(id as ConversationId, shards)));
  const positions = await Promise.all([...used].map((shard) => checkpoints.load('delivery', shard)));
  return positions.every((position) => position > 0);
}

async function group(system: System, name: string): Promise<string> {
  const response = await fetch(`${system.gateway.url}/v1/conversations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await system.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'group', name, members: ['bob'] }),
  });
  return ((await response.json()) as { conversation_id: string }).conversation_id;
}

/** One message to each room in turn, a hundred a second, until it is told to stop. */
function startTalking(client: RecordingClient, ids: readonly string[]) {
  const stop = new AbortController();
  const acked: Promise<boolean>[] = [];
  const talking = (async () => {
    while (!stop.signal.aborted) {
      acked.push(client.send(ids[acked.length % ids.length] ?? '', `${acked.length}`).then(isAcked));
      await pause(10);
    }
  })();
  return {
    sent: () => acked.length,
    async stop(): Promise<number> {
      stop.abort();
      await talking;
      expect(await Promise.all(acked)).not.toContain(false);
      return acked.length;
    },
  };
}

const heard = (client: RecordingClient, ids: readonly string[]): number =>
  ids.reduce((sum, id) => sum + [...(client.entries.get(id)?.values() ?? [])].filter(({ body }) => body).length, 0);
