// One command, as an operator meets it: ready, ended, killed, started twice, its read models thrown away.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually, isAcked, readRows, RecordingClient, walkPages } from '@parley/proof';
import { StandaloneProcess } from './standalone-process.ts';

const clientOf = (standalone: StandaloneProcess, userId: string): RecordingClient => {
  const client = new RecordingClient({
    url: () => standalone.socketUrl,
    userId,
    token: (user) => standalone.token(user),
  });
  client.start();
  return client;
};

async function chatBetween(standalone: StandaloneProcess, messages: number) {
  const alice = clientOf(standalone, 'alice');
  const token = await standalone.token('alice');
  const { conversation_id: id } = await standalone.call<{ conversation_id: string }>('POST', '/v1/conversations', {
    token,
    body: { type: 'direct', members: ['bob'] },
  });
  await eventually('alice is connected', () => alice.isReady);
  const outcomes = await Promise.all(Array.from({ length: messages }, (_, nth) => alice.send(id, `message ${nth}`)));
  expect(outcomes.filter(isAcked)).toHaveLength(messages);
  return { alice, id, token };
}

/** A zombie that nobody has reaped yet does not live. */
function isAlive(pid: number): boolean {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' });
  return status === 0 && !stdout.startsWith('Z');
}

test('Ctrl-C drains and ends both processes, and says goodbye to clients', async () => {
  await using standalone = await StandaloneProcess.start();
  const { natsPid } = standalone;
  const { alice } = await chatBetween(standalone, 5);
  expect(await standalone.interrupt()).toBe(0);
  expect(alice.frameCounts.get('reconnect')).toBe(1);
  expect(isAlive(natsPid)).toBe(false);
  alice.stop();
});

test('a second start on the same data says so and leaves the first alone', async () => {
  await using first = await StandaloneProcess.start();
  const second = StandaloneProcess.start({ PARLEY_DATA_DIR: first.dataDir });
  await expect(second).rejects.toThrow(new RegExp(`in use.*${first.pid}|${first.pid}.*in use`));
  const { alice } = await chatBetween(first, 3);
  alice.stop();
});

test('the next start after kill -9 of the parent ends the orphaned nats-server and loses nothing', async () => {
  await using standalone = await StandaloneProcess.start();
  const { alice, id, token } = await chatBetween(standalone, 20);
  const orphan = standalone.natsPid;
  await standalone.killParent();
  expect(isAlive(orphan)).toBe(true);
  await standalone.start();
  expect(isAlive(orphan)).toBe(false);
  expect(standalone.natsPid).not.toBe(orphan);
  expect(await walkPages(standalone.base, id, token)).toHaveLength(20);
  alice.stop();
});

test('a nats-server that dies is started again, and sends go on', async () => {
  await using standalone = await StandaloneProcess.start();
  const { alice, id } = await chatBetween(standalone, 3);
  const before = standalone.natsPid;
  standalone.killNats();
  expect(isAcked(await alice.send(id, 'sent while the log is away'))).toBe(true);
  expect(standalone.natsPid).not.toBe(before);
  expect(standalone.output).toMatch(/nats-server/);
  alice.stop();
});

test('read models that are thrown away are folded again from the log', async () => {
  await using standalone = await StandaloneProcess.start();
  const { alice, id, token } = await chatBetween(standalone, 230);
  const pages = await walkPages(standalone.base, id, token);
  const file = path.join(standalone.dataDir, 'read-models', 'timeline-g1.sqlite');
  const rows = readRows(file);
  await standalone.interrupt();
  rmSync(path.join(standalone.dataDir, 'read-models'), { recursive: true });
  await standalone.start();
  expect(await walkPages(standalone.base, id, token)).toEqual(pages);
  await eventually('the timeline is whole again', () => existsSync(file) && sameRows(readRows(file), rows));
  alice.stop();
});

const sameRows = (one: ReturnType<typeof readRows>, other: ReturnType<typeof readRows>): boolean =>
  JSON.stringify([...one]) === JSON.stringify([...other]);
