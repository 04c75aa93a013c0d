import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conversations, timeline } from '@parley/projections';
import { foldHeads } from '@parley/projections/contracts';
import { expect, test } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import { openSqlite } from './index.ts';
import { eventAt, historyTo, ids, shard } from './kill.history.ts';

const killsMin = 5;
const writer = fileURLToPath(new URL('./kill.writer.ts', import.meta.url));

/** Kills a process with SIGKILL while it writes, at some moment after it has said this often that a batch is stored. */
async function killWhileWriting(directory: string, batches: number): Promise<number> {
  const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    told += String(chunk);
    if (told.split('\n').length > batches) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return Number(told.split('\n').at(-2));
}

test('after kill -9 in the middle of writing there is exactly what the checkpoint says', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'parley-sqlite-kill-'));
  const world = createWorld();
  for (let kill = 1; kill <= killsMin; kill++) {
    const acknowledged = await killWhileWriting(directory, 3 * kill);
    await using stores = await openSqlite({
      directory,
      logEpoch: 1,
      world,
      report: (report) => expect.fail(report.type),
    });
    const [rows, heads] = [await stores.timeline(1), await stores.conversations(1)];

    const checkpoint = await rows.checkpoint(shard);
    expect(checkpoint).toBeGreaterThanOrEqual(acknowledged);
    const found = await Promise.all(ids.map((id) => rows.range(id, { order: 'oldest-first', limit: 1_000_000 })));
    const positions = found
      .flat()
      .map(({ stored }) => Number(stored.position))
      .toSorted((a, b) => a - b);
    expect(positions).toStrictEqual(Array.from({ length: checkpoint }, (_, index) => index + 1));
    expect(found.flat().every(({ stored }) => stored.bodyHash === eventAt(stored.position).bodyHash)).toBe(true);
    expect(await rows.heads(ids)).toStrictEqual(foldHeads(timeline, historyTo(checkpoint)));

    const folded = historyTo(await heads.checkpoint(shard));
    expect(await heads.heads(ids)).toStrictEqual(foldHeads(conversations, folded));
  }
  rmSync(directory, { recursive: true });
});
