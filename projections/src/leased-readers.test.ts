import { shardOf, type ConversationId, type Shard } from '@parley/domain';
import { describe, expect, it } from 'vitest';
import { at, createTestLog, createTestWorld, said, theGroup } from '@parley/domain/testing';
import type { LeaseTerms } from './leased-shards.ts';
import type { Leases } from './leases.ts';
import { runReader, runReaders, type LogReader, type RunnerObserver } from './runner.ts';
import { createTestLeases } from './testing/leases.ts';
import { createMovingClock } from './testing/moving-clock.ts';

const onShard1 =
  ['g_1', 'g_2', 'g_3', 'g_4'].map((id) => id as ConversationId).find((id) => shardOf(id, 2) === 1) ?? theGroup;
const nobody: RunnerObserver = { applied: () => undefined, retrying: () => undefined, stopped: () => undefined };

/** A worker of two shards called `us`, on a clock that tests move. */
function leasedWorld() {
  const clock = createMovingClock();
  const leases = createTestLeases(clock.now);
  const reach = { isCutOff: false };
  const join: Leases['join'] = async (...asked) =>
    reach.isCutOff ? Promise.reject(new Error('away')) : leases.join(...asked);
  const lease: LeaseTerms = {
    role: 'role',
    worker: 'us',
    leases: { ...leases, join },
    observer: { shardsChanged: () => undefined, leasesUnavailable: () => undefined },
  };
  return {
    leases,
    lease,
    reach,
    pass: clock.pass,
    world: { ...createTestWorld(), now: clock.now, sleep: clock.sleep },
  };
}

describe('a reader that shares its shards with other workers', () => {
  async function shared(apply: (shard: Shard) => Promise<void> = async () => undefined) {
    const log = createTestLog({ shards: 2 });
    const told: string[] = [];
    const tell = (what: string) => async (shard: Shard) => void told.push(`${what} ${shard}`);
    const reader: LogReader = {
      name: 'shared',
      checkpoint: async (shard) => (await tell('checkpoint')(shard), at(log.events(shard).length)),
      apply: async (shard) => (await apply(shard), await tell('apply')(shard)),
      leave: tell('leave'),
    };
    const { leases, lease, reach, world, pass } = leasedWorld();
    const running = runReader(reader, { log, world, observer: nobody, lease });
    await pass(100);
    return { log, told, leases, reach, pass, running };
  }

  it('begins a shard at its checkpoint when it gets it, and leaves it when it loses it', async () => {
    const { log, told, leases, pass, running } = await shared();
    expect(told.splice(0)).toEqual(['checkpoint 0', 'checkpoint 1']);
    await leases.join('role', 'other', 60_000);
    await pass(2_000);
    expect(told.splice(0)).toEqual(['leave 1']);
    log.put(said('not for us'), { conversationId: onShard1 });
    await leases.leave('role', 'other');
    await pass(2_000);
    expect(told.splice(0)).toEqual(['checkpoint 1']);
    log.put(said('for us'), { conversationId: onShard1 });
    await pass(100);
    const stopping = running[Symbol.asyncDispose]();
    await pass(100);
    await stopping;
    expect(told).toEqual(['apply 1', 'leave 0', 'leave 1']);
  });

  it('ends a shard after the step under way, not before', async () => {
    const step = Promise.withResolvers<void>();
    const { log, told, leases, pass, running } = await shared(() => step.promise);
    told.length = 0;
    log.put(said('under way'), { conversationId: onShard1 });
    await pass(100);
    await leases.join('role', 'other', 60_000);
    await pass(3_000);
    expect(told).toEqual([]);
    expect((await leases.holders('role', [1 as Shard])).get(1 as Shard)).toBe('us');
    step.resolve();
    await pass(100);
    expect(told).toEqual(['apply 1', 'leave 1']);
    expect((await leases.holders('role', [1 as Shard])).size).toBe(0);
    const stopping = running[Symbol.asyncDispose]();
    await pass(100);
    await stopping;
  });

  it('goes on with a shard that it gets again while it is leaving it, after that', async () => {
    const step = Promise.withResolvers<void>();
    const { log, told, leases, reach, pass, running } = await shared(() => step.promise);
    told.length = 0;
    log.put(said('under way'), { conversationId: onShard1 });
    await pass(100);
    await leases.join('role', 'other', 60_000);
    await pass(3_000);
    reach.isCutOff = true;
    await pass(8_000);
    step.resolve();
    await pass(100);
    expect(told).toEqual(['apply 1', 'leave 1', 'checkpoint 1']);
    const stopping = running[Symbol.asyncDispose]();
    await pass(100);
    await stopping;
  });

  it('takes a shard for all its readers, or for none', async () => {
    const begun: string[] = [];
    const readerCalled = (name: string): LogReader => ({
      name,
      checkpoint: async (shard) => (begun.push(`${name} ${shard}`), at(0)),
      apply: async () => undefined,
    });
    const { leases, lease, world, pass } = leasedWorld();
    await leases.acquire('role', 'other', { shards: [0 as Shard], countMax: 1, leaseMs: 60_000 });
    const readers = [readerCalled('a'), readerCalled('b')];
    const running = runReaders(readers, { log: createTestLog({ shards: 2 }), world, observer: nobody, lease });
    await pass(100);
    expect(begun).toEqual(['a 1', 'b 1']);
    const stopping = running[Symbol.asyncDispose]();
    await pass(100);
    await stopping;
  });
});
