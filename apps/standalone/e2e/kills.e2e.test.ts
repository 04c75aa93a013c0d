// Under load, things are killed -9 at seeded moments: nats-server alone, then everything at once. Afterwards an independent
// reader compares what every client saw, the pages, the rows and the log.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Crowd, quantile, seeded } from '@parley/proof';
import { StandaloneProcess } from './standalone-process.ts';

const seed = Number(process.env['PARLEY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
const killsEach = 5;
const ackedMin = 10_000;

test('nothing acked is lost, nothing is there twice and everyone sees one order, whatever is killed', async () => {
  console.log(`seed ${seed} (PARLEY_TEST_SEED=${seed} repeats it)`);
  const random = seeded(seed);
  await using standalone = await StandaloneProcess.start();
  const load = { clients: 20, conversations: 50, membersEach: 5, sendsPerSecond: 250 };
  const crowd = await Crowd.gather({ system: standalone, ...load, seed });
  crowd.talk();

  for (let kill = 0; kill < killsEach; kill++) {
    await pause(1_000 + random() * 3_000);
    const before = crowd.acked;
    standalone.killNats();
    await untilAckedAgain(crowd, before);
  }
  for (let kill = 0; kill < killsEach; kill++) {
    await pause(1_000 + random() * 3_000);
    const before = crowd.acked;
    await standalone.killTree();
    await standalone.start();
    await untilAckedAgain(crowd, before);
  }
  while (crowd.acked < ackedMin) await pause(100);

  await crowd.fallSilent();
  const findings = await crowd.judge();
  const times = crowd.acks.map(({ tookMs }) => tookMs);
  console.log(
    `${findings.acked} acked, ${findings.logged} events, ${findings.voided} void, ${killsEach}+${killsEach} kills; ` +
      `ack p50 ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, longest ${quantile(times, 1)} ms`,
  );
  crowd.leave();
  expect(findings.offences).toEqual([]);
  expect(findings.acked).toBe(crowd.sent);
  expect(findings.acked).toBeGreaterThanOrEqual(ackedMin);
});

/** The next kill finds a system at work, not one still getting up. */
async function untilAckedAgain(crowd: Crowd, before: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (crowd.acked < before + 100) {
    if (Date.now() > deadline) throw new Error('no acks a minute after a kill');
    await pause(50);
  }
}
