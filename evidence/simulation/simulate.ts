// One run: a fleet and its clients, some time of talk with faults, healing, silence, and what everybody then knows.
import { checkHistory, HistoryRecorder, type History, type Offence } from '@parley/proof';
import { Chance } from './chance.ts';
import { collect } from './afterwards.ts';
import { Client } from './client.ts';
import { Cluster, startTs } from './cluster.ts';
import { Fleet } from './fleet.ts';
import { playFaults, talk, type Play } from './talk.ts';

/** Two of each. */
const places = (['projector', 'delivery', 'gateway'] as const).flatMap((role) =>
  [0, 1].map((place) => [role, place] as const),
);

export interface Outcome {
  readonly seed: number;
  readonly offences: readonly string[];
  readonly history: History;
  readonly story: readonly string[];
  /** Of the order and times of all that ran. */
  readonly checksum: number;
  readonly virtualMs: number;
}

/** As is promised. */
const visibleWithinMs = 5_000;

export async function simulate(seed: number): Promise<Outcome> {
  const cluster = new Cluster(seed);
  const { time, story } = cluster;
  const recorder = new HistoryRecorder(() => time.now() - startTs);
  const play = set(cluster, recorder, new Chance(seed, 'play'));
  let isOver = false;
  const performed = perform(play)
    .catch((error: unknown) => cluster.alarm('the run', String(error)))
    .finally(() => (isOver = true));
  await time.run(() => isOver);
  await performed;
  const { entries: history } = recorder;
  const judged = checkHistory(history, { visibleWithinMs, clockSkewMsMax: 1 });
  const offences = [...cluster.alarms, ...judged.map(sentence)];
  for (const offence of offences) story.tell('the judge', offence);
  return { seed, offences, history, story: story.lines, checksum: time.checksum, virtualMs: time.now() - startTs };
}

const sentence = ({ kind, sentence: text }: Offence): string => `${kind}: ${text}`;

function set(cluster: Cluster, recorder: HistoryRecorder, chance: Chance): Play {
  const fleet = new Fleet(cluster);
  for (const [role, place] of places) fleet.start(role, place);
  const users = Array.from({ length: chance.whole(3, 4) }, (_, index) => `user${index}`);
  const devices = users.flatMap((user, index) =>
    index === 0
      ? [
          [user, 'phone'],
          [user, 'laptop'],
        ]
      : [[user, 'phone']],
  );
  const clients = devices.map(
    ([user = '', device = '']) =>
      new Client({ cluster, fleet, recorder, chance: new Chance(cluster.seed, `${user}/${device}`), user, device }),
  );
  return { cluster, fleet, recorder, chance, users, clients, groups: [] };
}

async function perform(play: Play): Promise<void> {
  const { cluster, fleet, clients } = play;
  const isQuiet = (): boolean => clients.every((client) => client.isQuiet);
  await until(play, () => clients.every(({ isReady }) => isReady));
  const faults = playFaults(play);
  await talk(play);
  await faults;
  for (const [role, place] of places) if (!fleet.at(role, place)) fleet.start(role, place);
  cluster.story.tell('the world', 'everything is well again');
  await until(play, isQuiet);
  await cluster.sleep(visibleWithinMs + 500);
  await until(play, isQuiet);
  await collect(play);
}

const pollMs = 500;
/** Longer than the longest wait that is asked of a client. */
const waitMsMax = 400_000;

async function until({ cluster, clients }: Play, isSo: () => boolean): Promise<void> {
  const deadline = cluster.time.now() + waitMsMax;
  while (!isSo()) {
    if (cluster.time.now() > deadline)
      throw new Error(`clients never come to rest: ${clients.map(({ unfinished }) => unfinished).join('; ')}`);
    await cluster.sleep(pollMs);
  }
}
