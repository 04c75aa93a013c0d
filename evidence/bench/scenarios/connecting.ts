// Connections: what an idle one costs, and thousands that come back at once, each with something missed.
import { setTimeout as pause } from 'node:timers/promises';
import { begin, generate, type Bench } from '../bench.ts';
import { quantilesOf } from '../load/stopwatch.ts';
import { startFanOutServer } from '../limits/fan-out.ts';
import { memoryOf } from '../processes.ts';
import { cursorsOf, found, openStandalone, type Conversation } from '../systems.ts';

const idleConnections = 5_000;
const settleSeconds = 5;

export async function idle(bench: Bench): Promise<void> {
  if (bench.system.form === 'fleet') return;
  const scenario = `idle, ${idleConnections} connections`;
  for (let run = 0; run < bench.settings.runs; run++) {
    // One that has not grown before: memory that it has already would hide what they need.
    await using fresh = await openStandalone();
    const [url = ''] = fresh.socketUrls;
    const [pid = 0] = fresh.pids().parley;
    const parley = await costOf(pid, url, true);
    await using bare = await startFanOutServer();
    const limit = await costOf(bare.pid, bare.url, false);
    bench.add({ scenario, name: 'RSS each', unit: 'KiB' }, parley.rssKiB, {
      name: 'uWebSockets.js alone',
      value: limit.rssKiB,
    });
    bench.add({ scenario, name: 'PSS of the server, each', unit: 'KiB' }, parley.wholeKiB, {
      name: 'uWebSockets.js alone',
      value: limit.wholeKiB,
    });
  }
}

/** What a server grows by for each connection, and all of it shared among them. */
async function costOf(pid: number, url: string, asUsers: boolean) {
  const before = memoryOf(pid);
  const job = { url, connections: idleConnections, asUsers, seconds: settleSeconds };
  const holding = begin('hold', job);
  await holding.ready;
  await pause((settleSeconds * 1_000) / 2);
  const after = memoryOf(pid);
  await holding.done;
  return {
    rssKiB: (after.rssKiB - before.rssKiB) / idleConnections,
    wholeKiB: after.pssKiB / idleConnections,
  };
}

const missedEach = 20;
const stormSizes = [2_000, 5_000];

export async function storm(bench: Bench): Promise<void> {
  for (const clients of stormSizes) {
    const scenario = `storm, ${clients} clients`;
    const [url = ''] = bench.system.socketUrls;
    const chats = await foundAll(bench, clients);
    const cursors = await missSome(bench, chats);
    const users = chats.map(({ id, members: [, userId = ''] }) => ({ userId, lastSeen: { [id]: cursors[id] ?? '0' } }));
    for (let run = 0; run < bench.settings.runs; run++) {
      const { result } = await generate('return', { url, users, atOnce: clients, missedEach });
      if (result.wrong > 0) throw new Error(`${result.wrong} clients were given something else than they missed`);
      await using bare = await startFanOutServer();
      const limitUs = await timeBare(bare.url, clients);
      bench.add({ scenario, name: `all back, each with ${missedEach} missed messages`, unit: 's' }, result.seconds, {
        name: 'uWebSockets.js alone, connecting',
        value: limitUs / 1e6,
      });
      bench.add({ scenario, name: 'one client, p99', unit: 's' }, quantilesOf([result.whole]).p99 / 1_000);
      bench.add({ scenario, name: 'attempts cut or refused, made again', unit: '' }, result.cut);
    }
  }
}

async function timeBare(url: string, connections: number): Promise<number> {
  const startedMs = performance.now();
  const holding = begin('hold', { url, connections, asUsers: false, seconds: 0 });
  await holding.ready;
  const tookMs = performance.now() - startedMs;
  await holding.done;
  return tookMs * 1_000;
}

/** A speaker's direct chats, so that each client misses its own messages. */
async function foundAll(bench: Bench, clients: number): Promise<readonly Conversation[]> {
  const chats: Conversation[] = [];
  const sliceMax = 200;
  for (let from = 0; from < clients; from += sliceMax) {
    const slice = Array.from({ length: Math.min(sliceMax, clients - from) }, (_, index) => from + index);
    chats.push(
      ...(await Promise.all(
        slice.map((number) =>
          found(bench.system, [`speaker${clients}-${number % speakers}`, `back${clients}-${number}`]),
        ),
      )),
    );
  }
  return chats;
}

/** Many users, of some hundred conversations each. */
const speakers = 16;

async function missSome(bench: Bench, chats: readonly Conversation[]): Promise<Readonly<Record<string, string>>> {
  const cursors = Object.fromEntries(chats.map(({ id }) => [id, '0'])); // nothing was said before
  const [url = ''] = bench.system.socketUrls;
  await generate('speak', {
    url,
    conversations: chats.map(({ id, members: [speaker = ''] }) => ({ id, speaker })),
    messagesEach: missedEach,
  });
  return cursors;
}

const conversationsMissed = 20;
const missedInEach = 50;

/** One client, some conversations, a thousand messages missed. */
export async function resume(bench: Bench): Promise<void> {
  const scenario = `resume, ${conversationsMissed} conversations`;
  const [url = ''] = bench.system.socketUrls;
  const members = ['resume-speaker', 'resume-reader'];
  const groups = await Promise.all(
    Array.from({ length: conversationsMissed }, () => found(bench.system, [...members, 'resume-third'])),
  );
  const lastSeen = await cursorsOf(bench.system, groups);
  await generate('speak', {
    url,
    conversations: groups.map(({ id }) => ({ id, speaker: 'resume-speaker' })),
    messagesEach: missedInEach,
  });
  const users = Array.from({ length: 50 }, () => ({ userId: 'resume-reader', lastSeen }));
  for (let run = 0; run < bench.settings.runs; run++) {
    const { result } = await generate('return', {
      url,
      users,
      atOnce: 1,
      missedEach: conversationsMissed * missedInEach,
    });
    if (result.wrong > 0) throw new Error(`${result.wrong} resumes were not what was missed`);
    const { p50, p99 } = quantilesOf([result.resume]);
    const name = `${conversationsMissed * missedInEach} missed messages`;
    bench.add({ scenario, name: `${name}, p50`, unit: 'ms' }, p50);
    bench.add({ scenario, name: `${name}, p99`, unit: 'ms' }, p99);
  }
}
