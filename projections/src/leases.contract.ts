// What every store of leases does (`leases.ts`), as tests: run by the adapter in memory and by the one on Redis.
import { allShards, type Shard } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Leases, WorkerId } from './leases.ts';

export interface OpenedLeases extends AsyncDisposable {
  /** Nobody has any. */
  readonly leases: Leases;
  /** Resolves when that much time has passed, for leases too. */
  readonly pass: (durationMs: number) => Promise<unknown>;
}

type Open = () => Promise<OpenedLeases>;

const role = 'delivery';
const leaseMs = 60_000;
const shortLeaseMs = 150;
const four = allShards(4);
const [first, second, third, last] = four as readonly [Shard, Shard, Shard, Shard];

const claim = (shards: readonly Shard[] = four, countMax: number = shards.length, forMs: number = leaseMs) => ({
  shards,
  countMax,
  leaseMs: forMs,
});
const byShard = (held: ReadonlyMap<Shard, WorkerId>) => Object.fromEntries(held);

export function describeLeases(name: string, open: Open): void {
  describe(`${name}, as leases`, () => {
    workerCases(open);
    takingCases(open);
    endingCases(open);
    roleCases(open);
    propertyCases(open);
  });
}

function workerCases(open: Open): void {
  test('count each worker that joined once, until it leaves', async () => {
    await using opened = await open();
    expect(await opened.leases.join(role, 'one', leaseMs)).toBe(1);
    expect(await opened.leases.join(role, 'two', leaseMs)).toBe(2);
    expect(await opened.leases.join(role, 'one', leaseMs)).toBe(2);
    await opened.leases.leave(role, 'two');
    await opened.leases.leave(role, 'never');
    expect(await opened.leases.join(role, 'one', leaseMs)).toBe(1);
  });

  test('count a worker no longer than it said, and longer when it says so again', async () => {
    await using opened = await open();
    await opened.leases.join(role, 'short', shortLeaseMs);
    await opened.leases.join(role, 'again', shortLeaseMs);
    await opened.leases.join(role, 'again', leaseMs);
    await opened.pass(2 * shortLeaseMs);
    expect(await opened.leases.join(role, 'long', leaseMs)).toBe(2);
  });
}

function takingCases(open: Open): void {
  test('give what is free to who asks first, and nobody else', async () => {
    await using opened = await open();
    expect(await opened.leases.acquire(role, 'one', claim([first, third]))).toEqual([first, third]);
    expect(await opened.leases.acquire(role, 'two', claim())).toEqual([second, last]);
    expect(byShard(await opened.leases.holders(role, four))).toEqual({ 0: 'one', 1: 'two', 2: 'one', 3: 'two' });
  });

  test('give at most as many as asked for, in the order asked, own ones among them', async () => {
    await using opened = await open();
    await opened.leases.acquire(role, 'two', claim([second]));
    expect(await opened.leases.acquire(role, 'one', claim([last, second, third, first], 2))).toEqual([last, third]);
    expect(await opened.leases.acquire(role, 'one', claim([third, first, last], 2))).toEqual([third, first]);
    expect(await opened.leases.acquire(role, 'one', claim(four, 0))).toEqual([]);
    expect(await opened.leases.acquire(role, 'one', claim([]))).toEqual([]);
    expect(byShard(await opened.leases.holders(role, four))).toEqual({ 0: 'one', 1: 'two', 2: 'one', 3: 'one' });
  });

  test('tell who holds what, and nothing of what is free or was not asked for', async () => {
    await using opened = await open();
    await opened.leases.acquire(role, 'one', claim([first, second]));
    expect(byShard(await opened.leases.holders(role, [second, third]))).toEqual({ 1: 'one' });
    expect(byShard(await opened.leases.holders(role, []))).toEqual({});
  });
}

function endingCases(open: Open): void {
  test('end by themselves, unless they are renewed', async () => {
    await using opened = await open();
    await opened.leases.acquire(role, 'one', claim([first, second], 2, shortLeaseMs));
    expect(await opened.leases.acquire(role, 'one', claim([first]))).toEqual([first]);
    expect(await opened.leases.acquire(role, 'two', claim([first]))).toEqual([]);
    await opened.pass(2 * shortLeaseMs);
    expect(byShard(await opened.leases.holders(role, four))).toEqual({ 0: 'one' });
    expect(await opened.leases.acquire(role, 'two', claim([first, second]))).toEqual([second]);
    expect(await opened.leases.acquire(role, 'one', claim([first, second]))).toEqual([first]);
  });

  test('are free at once when released, and only by their holder', async () => {
    await using opened = await open();
    await opened.leases.acquire(role, 'one', claim([first, second]));
    await opened.leases.release(role, 'two', [first]);
    await opened.leases.release(role, 'one', [second, last]);
    await opened.leases.release(role, 'one', []);
    expect(byShard(await opened.leases.holders(role, four))).toEqual({ 0: 'one' });
    expect(await opened.leases.acquire(role, 'two', claim())).toEqual([second, third, last]);
  });

  test('outlive their worker leaving, until it releases them', async () => {
    await using opened = await open();
    await opened.leases.join(role, 'one', leaseMs);
    await opened.leases.acquire(role, 'one', claim([first]));
    await opened.leases.leave(role, 'one');
    expect(await opened.leases.acquire(role, 'two', claim([first]))).toEqual([]);
  });
}

function roleCases(open: Open): void {
  test('are apart for each role, whatever it is called', async () => {
    await using opened = await open();
    const roles = ['delivery', 'projector-g1', 'projector-g10', '1'];
    for (const each of roles) {
      expect(await opened.leases.join(each, each, leaseMs)).toBe(1);
      expect(await opened.leases.acquire(each, each, claim())).toEqual(four);
    }
    for (const each of roles)
      expect(new Set((await opened.leases.holders(each, four)).values())).toEqual(new Set([each]));
  });

  test('are for hundreds of shards at once', async () => {
    await using opened = await open();
    const many = allShards(512);
    expect(await opened.leases.acquire(role, 'one', claim(many))).toEqual(many);
    expect((await opened.leases.holders(role, many)).size).toBe(512);
    await opened.leases.release(role, 'one', many);
    expect((await opened.leases.holders(role, many)).size).toBe(0);
  });
}

interface Call {
  readonly type: 'acquire' | 'release';
  readonly worker: WorkerId;
  readonly shards: readonly Shard[];
  readonly countMax: number;
}

function propertyCases(open: Open): void {
  const call = fc.record({
    type: fc.constantFrom('acquire' as const, 'release' as const),
    worker: fc.constantFrom('one', 'two', 'three'),
    shards: fc.shuffledSubarray([...four]),
    countMax: fc.nat(4),
  });
  const calls = fc.array(call, { maxLength: 20 });

  test('give a shard to one worker at a time, whatever is asked in which order', async () => {
    const property = fc.asyncProperty(calls, async (asked) => {
      await using opened = await open();
      const model = new Map<Shard, WorkerId>();
      for (const call of asked) expect(await done(opened.leases, call)).toEqual(modelled(model, call));
      expect(await opened.leases.holders(role, four)).toEqual(model);
    });
    await fc.assert(property, { numRuns: 50 });
  });
}

async function done(leases: Leases, call: Call): Promise<readonly Shard[]> {
  if (call.type === 'acquire') return leases.acquire(role, call.worker, claim(call.shards, call.countMax));
  await leases.release(role, call.worker, call.shards);
  return [];
}

function modelled(model: Map<Shard, WorkerId>, call: Call): readonly Shard[] {
  if (call.type === 'release') {
    for (const shard of call.shards) if (model.get(shard) === call.worker) model.delete(shard);
    return [];
  }
  const mayHave = call.shards.filter((shard) => !model.has(shard) || model.get(shard) === call.worker);
  const held = mayHave.slice(0, call.countMax);
  for (const shard of held) model.set(shard, call.worker);
  return held;
}
