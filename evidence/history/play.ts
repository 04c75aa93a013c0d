// One history from beginning to end: people talk, something happens to the system, it is healed, everything is read.
import { setTimeout as pause } from 'node:timers/promises';
import { HistoryRecorder, seeded, walkPages, type Happening, type History, type StoredRow } from '@parley/proof';
import { freshSync } from './fresh-sync.ts';
import { Load, type Sizes } from './load.ts';
import type { Fault, Stage } from './stage.ts';

export interface PlayOptions {
  readonly stage: Stage;
  readonly seed: number;
  readonly load: Sizes;
  /** What happens to the system meanwhile. */
  readonly direct: (playing: Playing) => Promise<void>;
  /** As the checker will be told. */
  readonly visibleWithinMs: number;
  readonly say?: (line: string) => void;
}

export interface Playing {
  readonly stage: Stage;
  readonly load: Load;
  readonly random: () => number;
  /** A fault with its place in the history; healed means: every process is ready again. */
  readonly inflict: (fault: Fault) => Promise<void>;
}

/** The talk goes on for so long after the last fault. */
const talkOnMs = 3_000;
/** Everybody is watched a little longer than it may take until all is visible. */
const watchMarginMs = 500;
/** Projectors are given so long to reach the end of the log; what is missing then is missing. */
const rowsMsMax = 20_000;

export async function play(options: PlayOptions): Promise<History> {
  const { stage, seed, load: sizes, direct, visibleWithinMs, say = () => undefined } = options;
  const recorder = new HistoryRecorder();
  const load = await Load.gather({ stage, recorder, seed, ...sizes });
  const random = seeded(seed);
  load.begin();
  await direct({
    stage,
    load,
    random,
    async inflict(fault) {
      say(fault.name);
      recorder.record({ kind: 'fault-begun', name: fault.name });
      await fault.inflict(random);
      await stage.heal();
      recorder.record({ kind: 'fault-healed', name: fault.name });
    },
  });
  const healedMs = performance.now();
  await pause(talkOnMs);
  say('healed; waiting until everybody has caught up');
  await load.fallSilent();
  await pause(Math.max(0, healedMs + visibleWithinMs + watchMarginMs - performance.now()));
  for (const happening of await readEverything(stage, load)) recorder.record(happening);
  load.leave();
  return recorder.history;
}

/** The log last: what anybody was shown is in it by then. */
async function readEverything(stage: Stage, load: Load): Promise<readonly Happening[]> {
  const rows = await allRows(stage);
  const reader = { url: () => stage.directUrl(), token: (userId: string) => load.token(userId) };
  const ids = load.rooms.map(({ id }) => id);
  const syncs: Happening[] = [];
  for (const user of load.users) syncs.push(...(await freshSync(reader, user, ids)));
  const walks: Happening[] = [];
  for (const { id: conversation, members } of load.rooms) {
    for (const user of [...members].slice(0, walkersEach)) {
      const messages = await walkPages(stage.directUrl(), conversation, await load.token(user));
      walks.push({ kind: 'page-walk', user, conversation, messages });
    }
  }
  const log = (await stage.readLog()).map(({ conversationId: conversation, position, said, isVoid, storedMs }) => {
    return { kind: 'logged', conversation, position, said, isVoid, storedMs } as const;
  });
  return [...rows.map((row) => ({ kind: 'row', ...row }) as const), ...syncs, ...walks, ...log];
}

const walkersEach = 3;

async function allRows(stage: Stage): Promise<readonly StoredRow[]> {
  const wanted = (await stage.readLog()).filter(({ isVoid }) => !isVoid).length;
  for (const deadlineMs = performance.now() + rowsMsMax; ; await pause(500)) {
    const rows = await stage.readRows();
    if (rows.length >= wanted || performance.now() > deadlineMs) return rows;
  }
}

/** For so long faults in an order that the seed chooses, every link and kind of fault in its turn, with a little calm between. */
export const faultsFor =
  (seconds: number, faults: readonly Fault[]) =>
  async ({ inflict, random }: Playing): Promise<void> => {
    const endMs = performance.now() + seconds * 1_000;
    for (const fault of inTurns(faults, random)) {
      await pause(500 + random() * 1_000);
      if (performance.now() > endMs) return;
      await inflict(fault);
    }
    await pause(Math.max(0, endMs - performance.now()));
  };

/** Without end, unless there is none. Which one of a link or kind comes, and the order of these, is chance. */
function* inTurns(faults: readonly Fault[], random: () => number): Generator<Fault, void> {
  const groups = [...Map.groupBy(faults, ({ group }) => group).values()];
  const left = groups.map((): Fault[] => []);
  while (faults.length > 0) {
    for (const nth of shuffled([...groups.keys()], random)) {
      const waiting = left[nth]?.length ? left[nth] : (left[nth] = shuffled(groups[nth] ?? [], random));
      const fault = waiting.pop();
      if (fault) yield fault;
    }
  }
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
