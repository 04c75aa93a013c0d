// The demo from beginning to end: a log of real chat, a server on it, a read model broken on purpose, found out, rebuilt while people
// talk and read, switched to, and found to be whole. The commands are `parley`'s own, each a process.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parley, type Answered } from '@parley/cli/testing';
import { Crowd, eventually, readPages, seeded, type PageReader } from '@parley/proof';
import { StandaloneProcess } from '@parley/standalone/testing';
import { readerLag } from '../bench/metrics.ts';
import { fillDataDirectory } from '../import/filling-server.ts';
import { readScripts } from '../import/read-scripts.ts';
import { damageTimeline, type Damage } from './damage.ts';

export interface DemoOptions {
  readonly data: string;
  readonly seed: number;
  readonly print: (line: string) => void;
}

const shards = 16;
const foldedMsMax = 600_000;
const people = { clients: 12, conversations: 12, membersEach: 4, sendsPerSecond: 40 } as const;
/** Before the rebuild and after the switch. */
const talkMs = 1_500;
const linesShownMax = 12;

/** Resolves with the exit code: 1 when anything was not as it should be. */
export async function runDemo({ data, seed, print }: DemoOptions): Promise<number> {
  const random = seeded(seed);
  const wrong: string[] = [];
  const expect = (what: string, isSo: boolean): void => void (isSo || wrong.push(what));
  await using server = await startOn(data, print);
  const environment = { PARLEY_DATA_DIR: server.dataDir };
  const run = async (...args: readonly string[]): Promise<Answered & { readonly seconds: number }> => {
    const startedMs = performance.now();
    const answered = await parley(environment, ...args);
    return { ...answered, seconds: (performance.now() - startedMs) / 1_000 };
  };

  const damages = damageTimeline(timelineFile(server), random);
  for (const { told } of damages) print(`broken on purpose: ${told}`);
  const before = await run('verify', 'timeline');
  tell(print, 'verify timeline', before);
  for (const missed of unfound(damages, before)) expect(`verify finds what was ${missed.told}`, false);
  expect('verify ends with 1 when it finds something', before.code === 1);

  const crowd = await Crowd.gather({ system: server, ...people, seed });
  const reader = await talkWhile(crowd, server, random, async () => {
    const rebuilt = await run('rebuild', 'timeline');
    tell(print, 'rebuild timeline', rebuilt);
    expect('rebuild ends with 0', rebuilt.code === 0);
  });
  const { pages, unavailable, offences } = reader.readings;
  print(
    `meanwhile ${crowd.acked} messages were acked and ${pages} pages read: ${offences.length} wrong, ${unavailable} not to be had`,
  );
  wrong.push(...offences);
  expect('every page is to be had', unavailable === 0 && pages > 0);
  expect('every message is acked', crowd.acked === crowd.sent);

  const after = await run('verify', 'timeline');
  tell(print, 'verify timeline', after);
  expect('verify finds nothing in the new generation', after.code === 0);
  tell(print, 'drop-generation timeline 1', await run('drop-generation', 'timeline', '1'));
  for (const what of wrong) print(`WRONG: ${what}`);
  print(wrong.length === 0 ? `the read model is whole again, and nobody noticed (seed ${seed})` : `seed ${seed}`);
  return wrong.length === 0 ? 0 : 1;
}

async function startOn(data: string, print: DemoOptions['print']): Promise<StandaloneProcess> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-demo-rebuild-'));
  const scripts = await readScripts(data);
  const startedMs = performance.now();
  const { events, conversations } = await fillDataDirectory({ dataDir, shards, scripts });
  const seconds = (performance.now() - startedMs) / 1_000;
  print(
    `${count(events)} events in ${conversations.length} conversations of ${data}, stored in ${seconds.toFixed(1)} s`,
  );
  const server = await StandaloneProcess.start({ PARLEY_DATA_DIR: dataDir });
  const isFolded = async (): Promise<boolean> =>
    (await readerLag([`http://127.0.0.1:${server.adminPort}/metrics`])) === 0;
  await eventually('the server has folded them', isFolded, foldedMsMax);
  return server;
}

const timelineFile = (server: StandaloneProcess): string =>
  path.join(server.dataDir, 'read-models', `timeline-g${server.generation}.sqlite`);

const unfound = (damages: readonly Damage[], { stdout }: Answered): readonly Damage[] =>
  damages.filter(({ conversationId }) => !stdout.includes(conversationId));

async function talkWhile(
  crowd: Crowd,
  server: StandaloneProcess,
  random: () => number,
  work: () => Promise<void>,
): Promise<PageReader> {
  crowd.talk();
  const reader = readPages(crowd, server, random);
  await pause(talkMs);
  await work();
  await pause(talkMs);
  await crowd.fallSilent();
  await reader.stop();
  crowd.leave();
  return reader;
}

function tell(
  print: DemoOptions['print'],
  command: string,
  { code, stdout, stderr, seconds }: Answered & { readonly seconds: number },
): void {
  print(`$ parley ${command}`);
  const lines = `${stdout}${code === 0 ? '' : stderr}`.trimEnd().split('\n');
  for (const line of lines.slice(0, linesShownMax)) print(`  ${line}`);
  if (lines.length > linesShownMax) print(`  … ${lines.length - linesShownMax} lines more`);
  print(`  (exit code ${code}, ${seconds.toFixed(1)} s with its start)`);
}

const count = (value: number): string => value.toLocaleString('en-US');
