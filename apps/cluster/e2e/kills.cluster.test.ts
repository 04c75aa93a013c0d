// Under load, each kind of process of a fleet is killed and frozen at seeded moments. Afterwards an independent reader
// compares what every client saw, the pages, the rows and the log. PARLEY_TEST_KILLS_EACH says how often each is done,
// PARLEY_TEST_FAULTS (a regular expression) which.
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd, quantile, seeded } from '@parley/proof';
import { describe, expect, it } from 'vitest';
import { CASSANDRA_FAULTS, SERVER_FAULTS, type Fault } from './faults.ts';
import { FleetUnderProof } from './fleet-under-proof.ts';
import { feel, killTable, type Inflicted } from './healing.ts';

const seed = Number(process.env['PARLEY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
const only = new RegExp(process.env['PARLEY_TEST_FAULTS'] ?? '');
const killsEach = Number(process.env['PARLEY_TEST_KILLS_EACH'] ?? 1);
const load = { clients: 50, conversations: 100, membersEach: 3, sendsPerSecond: 200, pingMs: 2_000 };
const ackedMin = 10_000;
const calmMs = 4_000;
const readyMsMax = 180_000;
const runMsMax = 3_600_000;

/** Three nodes of Cassandra only where they are what is harmed: two cores carry either them or the rest well. */
const runs = [
  { name: 'processes, NATS and Redis', faults: SERVER_FAULTS, cassandraNodes: 1 },
  { name: 'nodes of Cassandra, with three copies', faults: CASSANDRA_FAULTS, cassandraNodes: 3 },
] as const;

describe('a fleet under load', () => {
  it.each(runs)(
    'loses, doubles, misorders and leaks nothing while $name are killed and frozen',
    { timeout: runMsMax },
    async ({ faults, cassandraNodes }) => {
      console.log(`seed ${seed} (PARLEY_TEST_SEED=${seed} repeats it)`);
      const random = seeded(seed);
      await using fleet = await FleetUnderProof.start({ shards: 4, cassandraNodes, gateways: 3 });
      const crowd = await Crowd.gather({ system: fleet, ...load, seed });
      crowd.talk();
      const inflicted = await inflict(fleet, crowd, { faults: chosen(faults), random });
      while (crowd.acked < ackedMin) await pause(100);
      await crowd.fallSilent();
      const findings = await crowd.judge();
      const times = crowd.acks.map(({ tookMs }) => tookMs);
      console.log(
        `${findings.acked} acked, ${findings.logged} events, ${findings.voided} void, ${inflicted.length} faults; ` +
          `ack p50 ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, longest ${quantile(times, 1)} ms\n` +
          killTable(feel(inflicted, crowd.clients)),
      );
      crowd.leave();
      expect(findings.offences).toEqual([]);
      expect(findings.acked).toBe(crowd.sent);
      expect(findings.acked).toBeGreaterThanOrEqual(ackedMin);
    },
  );
});

const chosen = (faults: readonly Fault[]): readonly Fault[] =>
  Array.from({ length: killsEach }, () => faults.filter(({ name }) => only.test(name))).flat();

interface Plan {
  readonly faults: readonly Fault[];
  readonly random: () => number;
}

async function inflict(fleet: FleetUnderProof, crowd: Crowd, { faults, random }: Plan): Promise<readonly Inflicted[]> {
  const begun: { readonly fault: string; readonly fromTs: number }[] = [];
  for (const fault of faults) {
    await pause(calmMs + random() * 1_000);
    begun.push({ fault: fault.name, fromTs: Date.now() });
    console.log(`${new Date().toISOString()} ${fault.name}; ${crowd.acked} of ${crowd.sent} acked`);
    await fault.inflict(fleet, random);
    await untilAckedAgain(crowd, fault.name);
    await fleet.untilReady(readyMsMax);
  }
  return begun.map((one, index) => ({ ...one, toTs: begun[index + 1]?.fromTs ?? Date.now() + calmMs }));
}

/** The next fault finds a system at work, not one still getting up. */
async function untilAckedAgain(crowd: Crowd, fault: string): Promise<void> {
  const before = crowd.acked;
  const deadline = Date.now() + 60_000;
  while (crowd.acked < before + 200) {
    if (Date.now() > deadline) throw new Error(`no acks a minute after ${fault}`);
    await pause(50);
  }
}
