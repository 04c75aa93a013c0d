// Under load, each kind of process of a fleet is killed and frozen at seeded moments. Afterwards an independent reader
// compares what every client saw, the pages, the rows and the log. PARLEY_TEST_KILLS_EACH says how often each is done,
// PARLEY_TEST_FAULTS (a regular expression) which.
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd, quantile, seeded } from '@parley/proof';
import { expect, test } from 'vitest';
import { FAULTS } from './faults.ts';
import { FleetUnderProof } from './fleet-under-proof.ts';
import { feel, killTable, type Inflicted } from './healing.ts';

const seed = Number(process.env['PARLEY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
const killsEach = Number(process.env['PARLEY_TEST_KILLS_EACH'] ?? 1);
const faults = FAULTS.filter(({ name }) => new RegExp(process.env['PARLEY_TEST_FAULTS'] ?? '').test(name));
const load = { clients: 50, conversations: 100, membersEach: 3, sendsPerSecond: 200, pingMs: 2_000 };
const ackedMin = 20_000;
const calmMs = 4_000;
const readyMsMax = 120_000;

test('nothing acked is lost, doubled, misordered or leaked, whatever of a fleet is killed or frozen', async () => {
  console.log(`seed ${seed} (PARLEY_TEST_SEED=${seed} repeats it)`);
  const random = seeded(seed);
  await using fleet = await FleetUnderProof.start({ shards: 4, cassandraNodes: 3, gateways: 3 });
  const crowd = await Crowd.gather({ system: fleet, ...load, seed });
  crowd.talk();
  const inflicted: { fault: string; fromTs: number; toTs: number }[] = [];

  for (const fault of Array.from({ length: killsEach }, () => faults).flat()) {
    await pause(calmMs + random() * 1_000);
    const time: Inflicted & { toTs: number } = { fault: fault.name, fromTs: Date.now(), toTs: 0 };
    const before = inflicted.at(-1);
    if (before) before.toTs = time.fromTs;
    inflicted.push(time);
    console.log(`${new Date().toISOString()} ${fault.name}; ${crowd.acked} of ${crowd.sent} acked`);
    await fault.inflict(fleet, random);
    await untilAckedAgain(crowd, fault.name);
    await fleet.untilReady(readyMsMax);
  }
  while (crowd.acked < ackedMin) await pause(100);

  await crowd.fallSilent();
  const last = inflicted.at(-1);
  if (last) last.toTs = Date.now();
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
}, 3_600_000);

/** The next fault finds a system at work, not one still getting up. */
async function untilAckedAgain(crowd: Crowd, fault: string): Promise<void> {
  const before = crowd.acked;
  const deadline = Date.now() + 60_000;
  while (crowd.acked < before + 200) {
    if (Date.now() > deadline) throw new Error(`no acks a minute after ${fault}`);
    await pause(50);
  }
}
