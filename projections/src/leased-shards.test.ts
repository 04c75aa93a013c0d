import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEASES } from './leased-shards.ts';
import { createFleet } from './testing/workers.ts';

const { leaseMs, renewalsPerLease } = LEASES;
const renewMs = leaseMs / renewalsPerLease;
/** Everybody has renewed, given up what is too much, and renewed again. */
const evenMs = 3 * renewMs;
/** A test's clock moves in steps. */
const stepMs = 50;

const counts = (fleet: ReturnType<typeof createFleet>) => {
  const workers = fleet.workersOf().flat();
  return Object.values(Object.groupBy(workers, (name) => name)).map((each) => each?.length);
};
const isEachOnce = (fleet: ReturnType<typeof createFleet>) => fleet.workersOf().every((names) => names.length === 1);

describe('the shards of a role', () => {
  it('are all worked on by a worker that is alone, at once', async () => {
    const fleet = createFleet(16);
    const one = fleet.start('one');
    await fleet.pass(stepMs);
    expect(one.shards.size).toBe(16);
    expect(one.changes).toMatchObject([{ lost: [], count: 16 }]);
  });

  it('are shared as evenly as they can be, each worked on by one, however many workers come and go', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.constantFrom('start', 'stop', 'kill', 'pass'), { maxLength: 8 }),
      async (shards, acts) => {
        const fleet = createFleet(shards);
        const live = [fleet.start('w')];
        for (const [index, act] of acts.entries()) {
          if (act === 'start') live.push(fleet.start(`w${index}`));
          if (act === 'stop' && live.length > 1) await Promise.all(live.splice(0, 1).map(fleet.stopped));
          if (act === 'kill' && live.length > 1) for (const one of live.splice(0, 1)) one.isFrozen = true;
          if (act === 'pass') await fleet.pass(700);
        }
        await fleet.pass(leaseMs + 2 * evenMs);
        const names = new Set(live.map(({ name }) => name));
        const byLive = fleet.workersOf().map((workers) => workers.filter((name) => names.has(name)));
        expect(byLive.every((workers) => workers.length === 1)).toBe(true);
        for (const worker of live) expect(worker.shards.size).toBeLessThanOrEqual(Math.ceil(shards / live.length));
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  it('move only as far as they must when a worker comes', async () => {
    const fleet = createFleet(16);
    const [one, two] = [fleet.start('one'), fleet.start('two')];
    await fleet.pass(evenMs);
    const before = [new Set(one.shards), new Set(two.shards)];
    const three = fleet.start('three');
    await fleet.pass(evenMs);
    expect([one.shards.size, two.shards.size, three.shards.size]).toEqual([6, 6, 4]);
    expect([...one.shards].every((shard) => before[0]?.has(shard))).toBe(true);
    expect([...two.shards].every((shard) => before[1]?.has(shard))).toBe(true);
  });

  it('move only as far as they must when a worker goes', async () => {
    const fleet = createFleet(16);
    const [one, two, three] = [fleet.start('one'), fleet.start('two'), fleet.start('three')];
    await fleet.pass(evenMs);
    const before = [new Set(two.shards), new Set(three.shards)];
    await fleet.stopped(one);
    await fleet.pass(evenMs);
    expect([two.shards.size, three.shards.size]).toEqual([8, 8]);
    expect(before[0]?.isSubsetOf(two.shards)).toBe(true);
    expect(before[1]?.isSubsetOf(three.shards)).toBe(true);
  });

  it('are never worked on by two while they are handed over', async () => {
    const fleet = createFleet(16);
    const one = fleet.start('one');
    await fleet.pass(stepMs);
    one.endMs = leaseMs - 2 * renewMs;
    const two = fleet.start('two');
    for (let passedMs = 0; passedMs < leaseMs + evenMs; passedMs += stepMs) {
      await fleet.pass(stepMs);
      expect(fleet.workersOf().every((names) => names.length <= 1)).toBe(true);
    }
    expect(two.shards.size).toBe(8);
  });

  it('do not wait for a worker that cannot end them', async () => {
    const fleet = createFleet(16);
    const one = fleet.start('one');
    await fleet.pass(stepMs);
    one.endMs = 1_000_000;
    const two = fleet.start('two');
    await fleet.pass(leaseMs + evenMs);
    expect(two.shards.size).toBe(8);
  });
});

describe('a worker that is gone', () => {
  it('is replaced at the next renewal when it stopped, its work having ended before', async () => {
    const fleet = createFleet(16);
    const [one, two] = [fleet.start('one'), fleet.start('two')];
    await fleet.pass(evenMs);
    await fleet.stopped(one);
    expect(one.shards.size).toBe(0);
    await fleet.pass(renewMs + stepMs);
    expect(two.shards.size).toBe(16);
    expect(isEachOnce(fleet)).toBe(true);
  });

  it.each([0, 500, 1_000, 1_600])('is replaced within seven seconds when it was killed, %i ms on', async (ageMs) => {
    const fleet = createFleet(16);
    const [one, two] = [fleet.start('one'), fleet.start('two')];
    await fleet.pass(evenMs + ageMs);
    one.isFrozen = true;
    await fleet.pass(leaseMs - renewMs - stepMs);
    expect(two.shards.size).toBe(8); // it might have come back
    await fleet.pass(7_000 - (leaseMs - renewMs - stepMs));
    expect(two.shards.size).toBe(16);
  });

  it('gives up what it lost at its next renewal when it was only frozen, and gets its share again', async () => {
    const fleet = createFleet(16);
    const [one, two] = [fleet.start('one'), fleet.start('two')];
    await fleet.pass(evenMs);
    one.isFrozen = true;
    await fleet.pass(20_000);
    expect([one.shards.size, two.shards.size]).toEqual([8, 16]);
    one.isFrozen = false;
    await fleet.pass(2 * stepMs);
    expect(one.shards.size).toBe(0);
    await fleet.pass(evenMs);
    expect(counts(fleet)).toEqual([8, 8]);
    expect(isEachOnce(fleet)).toBe(true);
  });
});

describe('leases that cannot be asked', () => {
  it('change nothing when they answer before any has ended', async () => {
    const fleet = createFleet(16);
    const [one, two] = [fleet.start('one'), fleet.start('two')];
    await fleet.pass(evenMs);
    const before = [one.changes.length, two.changes.length];
    one.isCutOff = two.isCutOff = true;
    await fleet.pass(renewMs);
    one.isCutOff = two.isCutOff = false;
    await fleet.pass(evenMs);
    expect([one.changes.length, two.changes.length]).toEqual(before);
    expect(one.failures.length).toBeGreaterThan(0);
  });

  it('do not add up: many short times are not a long one', async () => {
    const fleet = createFleet(16);
    const [one, two] = [fleet.start('one'), fleet.start('two')];
    await fleet.pass(evenMs);
    for (let times = 0; times < 5; times++) {
      one.isCutOff = true;
      await fleet.pass(renewMs);
      one.isCutOff = false;
      await fleet.pass(renewMs);
    }
    expect(one.failures).toHaveLength(5);
    expect([one.shards.size, two.shards.size]).toEqual([8, 8]);
    expect(one.changes.every(({ count }, index) => index === 0 || count === 8)).toBe(true);
  });

  it('make every worker work on all shards after a lease, and share again when they answer', async () => {
    const fleet = createFleet(16);
    const [one, two] = [fleet.start('one'), fleet.start('two')];
    await fleet.pass(evenMs);
    one.isCutOff = two.isCutOff = true;
    await fleet.pass(leaseMs + 2 * renewMs);
    expect([one.shards.size, two.shards.size]).toEqual([16, 16]);
    one.isCutOff = two.isCutOff = false;
    await fleet.pass(evenMs);
    expect(counts(fleet)).toEqual([8, 8]);
    expect(isEachOnce(fleet)).toBe(true);
  });

  it('do not keep a worker from starting: after a lease it works on all shards', async () => {
    const fleet = createFleet(16);
    const one = fleet.start('one', { isCutOff: true });
    await fleet.pass(leaseMs - stepMs);
    expect(one.shards.size).toBe(0);
    await fleet.pass(renewMs);
    expect(one.shards.size).toBe(16);
  });

  it('cost the others nothing when only one worker cannot ask: they take over what it had', async () => {
    const fleet = createFleet(16);
    const [one, two] = [fleet.start('one'), fleet.start('two')];
    await fleet.pass(evenMs);
    one.isCutOff = true;
    await fleet.pass(leaseMs + 2 * renewMs);
    expect([one.shards.size, two.shards.size]).toEqual([16, 16]);
  });

  it('do not keep a worker from stopping', async () => {
    const fleet = createFleet(4);
    const one = fleet.start('one');
    await fleet.pass(stepMs);
    one.isCutOff = true;
    await fleet.stopped(one);
    expect(one.shards.size).toBe(0);
    expect(one.failures.length).toBeGreaterThan(0);
  });
});
