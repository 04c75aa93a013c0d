// The run that the pictures are of: a server with everything in it, people who talk and read, and what an operator may live to see.
import { setTimeout as pause } from 'node:timers/promises';
import { parley } from '@parley/cli/testing';
import { Crowd } from '@parley/proof';
import type { StandaloneProcess } from '@parley/standalone/testing';
import type { Mark } from './picture.ts';

export interface Run {
  /** Unix time. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly marks: readonly Mark[];
}

const people = { clients: 16, conversations: 12, membersEach: 4, sendsPerSecond: 40, seed: 1 } as const;
/** Before the first act, after the last one, and from each to the next. */
const actSeconds = 45;
/** Not in the pictures: everybody connects at once. */
const warmUpMs = 30_000;
const pageMs = 100;

export async function play(server: StandaloneProcess, print: (line: string) => void): Promise<Run> {
  const crowd = await Crowd.gather({ system: server, ...people });
  const reading = readPages(server, crowd);
  crowd.talk();
  await pause(warmUpMs);
  const run = await playActs(server, print);
  await reading.stop();
  await crowd.fallSilent();
  crowd.leave();
  print(`${crowd.acked} of ${crowd.sent} messages were acked`);
  return run;
}

async function playActs(server: StandaloneProcess, print: (line: string) => void): Promise<Run> {
  const fromSeconds = nowSeconds();
  const marks: Mark[] = [];
  const untilAct = (): Promise<void> =>
    pause((fromSeconds + actSeconds * (marks.length + 1) - Date.now() / 1_000) * 1_000);
  for (const [what, act] of ACTS) {
    await untilAct();
    marks.push({ seconds: nowSeconds() - fromSeconds, what });
    print(`${what} …`);
    await act(server);
  }
  await untilAct();
  return { fromSeconds, toSeconds: nowSeconds(), marks };
}

const nowSeconds = (): number => Math.round(Date.now() / 1_000);

const ACTS: readonly (readonly [string, (server: StandaloneProcess) => Promise<void>])[] = [
  ['kill -9 of nats-server', async (server) => server.killNats()],
  ['kill -9 of nats-server again', async (server) => server.killNats()],
  ['parley rebuild timeline', rebuild],
  ['kill -9 of Parley, and its new start', restart],
];

async function rebuild({ dataDir }: StandaloneProcess): Promise<void> {
  const { code, stderr } = await parley({ PARLEY_DATA_DIR: dataDir }, 'rebuild', 'timeline');
  if (code !== 0) throw new Error(`rebuild ended with ${code}: ${stderr}`);
}

async function restart(server: StandaloneProcess): Promise<void> {
  await server.killParent();
  await server.start();
}

/** Somebody reads the newest page of one conversation after the other. */
function readPages(server: StandaloneProcess, crowd: Crowd): { stop(): Promise<void> } {
  const rooms = [...crowd.membersOf];
  const stop = new AbortController();
  const reading = (async () => {
    for (let count = 0; !stop.signal.aborted; count++) {
      const [id, [member = ''] = []] = rooms[count % rooms.length] ?? [''];
      const token = await server.token(member);
      await server.call('GET', `/v1/conversations/${id}/messages?limit=50`, { token });
      await pause(pageMs);
    }
  })();
  return {
    async stop() {
      stop.abort();
      await reading;
    },
  };
}
