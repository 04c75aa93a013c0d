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
import { compareRows } from './whole.ts';

export interface DemoOptions {
  readonly data: string;
  readonly seed: number;
  readonly print: (line: string) => void;
  /** Tests alter the new generation here. */
  readonly afterRebuild?: (file: string) => void;
}

const shards = 16;
const foldedMsMax = 600_000;
const people = { clients: 12, conversations: 12, membersEach: 4, sendsPerSecond: 40 } as const;
/** Before the rebuild and after the switch. */
const talkMs = 1_500;
const linesShownMax = 12;

/** Resolves with the exit code: 1 when anything was not as it should be. */
export async function runDemo({ data, seed, print, afterRebuild }: DemoOptions): Promise<number> {
  const random = seeded(seed);
  await using server = await startOn(data, print);
  const wrong = new Wrong();
  const demo: Demo = { server, seed, random, print, wrong };

  const damages = damageTimeline(timelineFile(server), random);
  for (const { told } of damages) print(`broken on purpose: ${told}`);
  await findDamages(demo, damages);
  await rebuildUnderLoad(demo);
  afterRebuild?.(timelineFile(server));
  await findNothing(demo);
  await run(demo, 'drop-generation', 'timeline', '1');

  for (const what of wrong.told) print(`WRONG: ${what}`);
  print(wrong.told.length === 0 ? `the read model is whole again, and nobody noticed; seed ${seed}` : `seed ${seed}`);
  return wrong.told.length === 0 ? 0 : 1;
}

interface Demo extends Pick<DemoOptions, 'seed' | 'print'> {
  readonly server: StandaloneProcess;
  readonly random: () => number;
  readonly wrong: Wrong;
}

class Wrong {
  readonly told: string[] = [];

  unless(isRight: boolean, what: string): void {
    if (!isRight) this.told.push(what);
  }
}

/** By `parley verify`, and by the independent reader. */
async function findDamages(demo: Demo, damages: readonly Damage[]): Promise<void> {
  const { wrong } = demo;
  const differing = await differences(demo);
  const verified = await verify(demo);
  for (const { conversationId, told } of damages) {
    wrong.unless(differing.includes(conversationId), `the independent reader did not find: ${told}`);
    wrong.unless(verified?.stdout.includes(conversationId) ?? true, `verify did not find: ${told}`);
  }
  wrong.unless((verified?.code ?? 1) === 1, 'verify found something and did not end with 1');
}

async function findNothing(demo: Demo): Promise<void> {
  const verified = await verify(demo);
  demo.wrong.unless((verified?.code ?? 0) === 0, 'verify is not content with the new generation');
  for (const id of await differences(demo)) demo.wrong.unless(false, `the independent reader: ${id} is not as logged`);
}

async function differences({ server, print }: Demo): Promise<readonly string[]> {
  const found = compareRows(await server.readLog(), await server.readStoredRows());
  print(`the independent reader compares rows with the log: ${found.length} differences`);
  for (const { conversationId, what } of found.slice(0, linesShownMax)) print(`  ${conversationId}: ${what}`);
  return found.map(({ conversationId }) => conversationId);
}

/** Undefined where this build's `parley` cannot. */
async function verify(demo: Demo): Promise<Answered | undefined> {
  const { stdout } = await parley({}, '--help');
  return stdout.includes('verify') ? run(demo, 'verify', 'timeline') : undefined;
}

async function rebuildUnderLoad(demo: Demo): Promise<void> {
  const { server, wrong, print, seed, random } = demo;
  const crowd = await Crowd.gather({ system: server, ...people, seed });
  const reader = await talkWhile({ server, random, crowd }, async () => {
    const { code, stdout } = await run(demo, 'rebuild', 'timeline');
    wrong.unless(code === 0, 'rebuild did not end with 0');
    server.generation = Number(/generation (\d+)/.exec(stdout)?.[1]);
  });
  const { pages, unavailable, offences } = reader.readings;
  print(
    `meanwhile ${crowd.acked} messages were acked and ${pages} pages read: ${offences.length} wrong, ${unavailable} not to be had`,
  );
  for (const offence of offences) wrong.unless(false, offence);
  wrong.unless(unavailable === 0 && pages > 0, 'not every page was to be had');
  wrong.unless(crowd.acked === crowd.sent, `${crowd.sent - crowd.acked} messages were not acked`);
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

async function talkWhile(
  { server, random, crowd }: Pick<Demo, 'server' | 'random'> & { readonly crowd: Crowd },
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

/** A command of `parley` on the server, shown. */
async function run({ server, print }: Demo, ...args: readonly string[]): Promise<Answered> {
  print(`$ parley ${args.join(' ')}`);
  const startedMs = performance.now();
  const answered = await parley({ PARLEY_DATA_DIR: server.dataDir }, ...args);
  const { code, stdout, stderr } = answered;
  const lines = `${stdout}${code === 0 ? '' : stderr}`.trimEnd().split('\n');
  for (const line of lines.slice(0, linesShownMax)) print(`  ${line}`);
  if (lines.length > linesShownMax) print(`  … ${lines.length - linesShownMax} lines more`);
  print(`  (exit code ${code}, ${((performance.now() - startedMs) / 1_000).toFixed(1)} s with its start)`);
  return answered;
}

const count = (value: number): string => value.toLocaleString('en-US');
