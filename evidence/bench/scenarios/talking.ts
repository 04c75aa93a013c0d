// Accepted, durable messages: one at a time, many pairs at once, a sweep of rates up to and past the knee, groups.
import type { Bench } from '../bench.ts';
import { generate } from '../bench.ts';
import { GeneratorSaturated } from '../load/generator.ts';
import { median, type LoadLine } from '../report.ts';
import { foundGroups, foundPairs, type Conversation } from '../systems.ts';
import { startFanOutServer } from '../limits/fan-out.ts';

/** As the marks of others were measured. */
const pairs = 32;
const inFlightEach = 4;
const manyPairs = 128;
const sweep = [0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 3];

export async function oneAtATime(bench: Bench): Promise<void> {
  const scenario = 'one at a time';
  const conversations = await foundPairs(bench.system, 1, 'alone');
  for (let run = 0; run < bench.settings.runs; run++) {
    const { ackedPerSecond } = await bench.talk({ scenario, load: '1 pair, 1 in flight' }, conversations, {
      type: 'closed',
      inFlight: 1,
    });
    const limit = await bench.rawPublish(1, true);
    bench.add({ scenario, name: 'accepted', unit: '/s' }, ackedPerSecond, {
      name: 'js.publish, same condition, 1 in flight',
      value: limit.perSecond,
    });
  }
}

export async function pairsAtOnce(bench: Bench): Promise<void> {
  const scenario = 'pairs';
  const conversations = await foundPairs(bench.system, pairs, 'pair');
  const inFlight = pairs * inFlightEach;
  for (let run = 0; run < bench.settings.runs; run++) {
    const load = `${pairs} pairs, ${inFlightEach} in flight`;
    const { ackedPerSecond } = await bench.talk({ scenario, load }, conversations, {
      type: 'closed',
      inFlight: inFlightEach,
    });
    const conditional = await bench.rawPublish(inFlight, true);
    const plain = await bench.rawPublish(inFlight, false);
    bench.add({ scenario, name: 'accepted', unit: '/s' }, ackedPerSecond, {
      name: `js.publish, same condition, ${inFlight} in flight`,
      value: conditional.perSecond,
    });
    bench.add({ scenario, name: 'accepted, of plain', unit: '/s' }, ackedPerSecond, {
      name: `js.publish without, ${inFlight} in flight`,
      value: plain.perSecond,
    });
  }
}

/** Open loop: what is due is sent, whatever the server does, and its latency counts from when it was due. */
export async function rates(bench: Bench): Promise<void> {
  const scenario = 'sweep';
  const conversations = await foundPairs(bench.system, manyPairs, 'sweep');
  const most: number[] = [];
  for (let run = 0; run < bench.settings.runs; run++) {
    const { ackedPerSecond } = await bench.talk(
      { scenario, load: `${manyPairs} pairs, closed, 1 in flight` },
      conversations,
      { type: 'closed', inFlight: 1 },
    );
    most.push(ackedPerSecond);
  }
  const knee = median(most);
  for (const part of sweep) {
    const perSecond = Math.round(knee * part);
    const load = `open, ${part} of the knee`;
    for (let run = 0; run < bench.settings.runs; run++) {
      const told = await bench.talk({ scenario, load }, conversations, { type: 'open', perSecond });
      if (part === 0.5) bench.add({ scenario, name: 'delivery p99 at half the knee', unit: 'ms' }, told.deliveryMs[1]);
    }
  }
}

/** Copies a second that members are to be given, all groups together. */
const copies = [5_000, 10_000, 25_000, 50_000];
const groupSizes = [
  { count: 32, members: 10 },
  { count: 8, members: 100 },
  { count: 1, members: 1_000 },
];

/** Open loop. A rate that the generator itself cannot hear is said, and ends the sweep: it would measure itself. */
export async function groups(bench: Bench): Promise<void> {
  for (const { count, members } of groupSizes) {
    const scenario = `groups of ${members}`;
    const conversations = await foundGroups(bench.system, { groups: count, members, name: `group${members}` });
    await sweepCopies(bench, { scenario, conversations });
    for (let run = 0; run < bench.settings.runs; run++) {
      const most = Math.max(...bench.loads.filter((load) => load.scenario === scenario).map(mostCopies));
      const limit = { name: 'uWebSockets.js alone, to as many', value: await rawFanOut(bench, count * members) };
      bench.add({ scenario, name: 'copies heard, the most of all loads', unit: '/s' }, most, limit);
    }
  }
}

interface GroupSweep {
  readonly scenario: string;
  readonly conversations: readonly Conversation[];
}

async function sweepCopies(bench: Bench, { scenario, conversations }: GroupSweep): Promise<void> {
  const copiesEach = (conversations[0]?.members.length ?? 0) - 1;
  try {
    for (const perSecond of copies) {
      const line = { scenario, load: `${conversations.length} groups, open, ${perSecond} copies/s` };
      const pace = { type: 'open', perSecond: perSecond / copiesEach } as const;
      for (let run = 0; run < bench.settings.runs; run++) await bench.talk(line, conversations, pace);
    }
  } catch (error) {
    if (!(error instanceof GeneratorSaturated)) throw error;
    bench.settings.report(`${scenario}: ${error.message}`);
  }
}

const mostCopies = ({ runs }: LoadLine): number => Math.max(...runs.map(({ copiesPerSecond }) => copiesPerSecond));

async function rawFanOut(bench: Bench, connections: number): Promise<number> {
  await using server = await startFanOutServer();
  const { result } = await generate('fanOut', { url: server.url, connections, seconds: bench.settings.seconds });
  return result.copiesPerSecond;
}
