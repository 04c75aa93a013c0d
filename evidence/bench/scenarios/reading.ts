// Reading: pages of history, and a read model thrown away and folded again. Their limit is the store alone, with the same rows.
import { generate, type Bench } from '../bench.ts';
import { quantilesOf } from '../load/stopwatch.ts';
import { rawSqlite } from '../limits/raw-sqlite.ts';
import { readerLag } from '../metrics.ts';
import { found } from '../systems.ts';
import { setTimeout as pause } from 'node:timers/promises';

const pageEntries = 50;
const conversations = 20;
const messagesEach = 500;

export async function pages(bench: Bench): Promise<void> {
  const scenario = `pages of ${pageEntries}`;
  const [url = ''] = bench.system.socketUrls;
  const chats = await Promise.all(
    Array.from({ length: conversations }, (_, index) => found(bench.system, ['page-reader', `page-${index}`])),
  );
  await generate('speak', {
    url,
    conversations: chats.map(({ id }) => ({ id, speaker: 'page-reader' })),
    messagesEach,
  });
  const asked = {
    base: bench.system.base,
    userId: 'page-reader',
    conversationIds: chats.map(({ id }) => id),
    limit: pageEntries,
  };
  for (let run = 0; run < bench.settings.runs; run++) {
    const alone = await generate('pages', { ...asked, inFlight: 1, seconds: bench.settings.seconds });
    const { p50, p99 } = quantilesOf([alone.result.latency]);
    const limit = bench.system.form === 'standalone' ? rawSqlite(pageEntries) : undefined;
    const limited = limit && { name: 'SQLite alone, the same rows', value: limit.pageMs };
    bench.add({ scenario, name: 'one at a time, p50', unit: 'ms' }, p50, limited);
    bench.add({ scenario, name: 'one at a time, p99', unit: 'ms' }, p99);
    const many = await generate('pages', { ...asked, inFlight: 16, seconds: bench.settings.seconds });
    bench.add({ scenario, name: '16 in flight', unit: '/s' }, many.result.perSecond);
  }
}

async function fill({ system }: Bench): Promise<void> {
  const [url = ''] = system.socketUrls;
  const members = Array.from({ length: fillSpeakers }, (_, index) => [`fill-${index}`, 'fill-listener']);
  const chats = await Promise.all(members.map((both) => found(system, both)));
  const job = { url, conversations: chats.map(({ id, members: [speaker = ''] }) => ({ id, speaker })), messagesEach };
  await generate('speak', job);
}

const fillSpeakers = 32;

/** Of everything that the log holds by now, and at least 16,000 events. */
export async function refold(bench: Bench): Promise<void> {
  const { system } = bench;
  if (!system.refold) return;
  await fill(bench);
  for (let run = 0; run < bench.settings.runs; run++) {
    await system.refold();
    const before = await readerLag(system.metricsUrls);
    const startedMs = performance.now();
    let left = before;
    while (left > 0) {
      await pause(50);
      left = await readerLag(system.metricsUrls);
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const limit = rawSqlite(pageEntries);
    // Each event is folded by two projections, into one row and some heads.
    bench.add(
      { scenario: 'refold', name: 'events folded by two projections, serving meanwhile', unit: '/s' },
      before / 2 / seconds,
      {
        name: 'SQLite alone, rows of one table in batches',
        value: limit.rowsPerSecond,
      },
    );
  }
}
