import { position, type GatewayBus } from '@parley/domain';
import { describe, expect, it } from 'vitest';
import { alice, bob, created, createTestLog, said } from '@parley/domain/testing';
import { createDelivery } from './delivery.ts';
import { begun, createSurroundings, marks, shard, told } from './testing/surroundings.ts';

describe('the checkpoint of delivery', () => {
  it('is saved only after everything published has left the process, and only when it moved', async () => {
    const log = createTestLog();
    const { deps, done } = createSurroundings(log, { alice: ['gw-1'] });
    const { applyTo, beat } = await begun(deps, log);
    log.put(created([alice]));
    await applyTo(1);
    expect(done).toEqual(['publish gw-1']);
    await beat();
    expect(done).toEqual(['publish gw-1', 'publish gw-1', 'flush', 'save 1']);
    await beat();
    expect(done.slice(4)).toEqual(['publish gw-1']);
  });

  it('never passes what was published while it flushed', async () => {
    const log = createTestLog();
    const { deps, saved } = createSurroundings(log, { alice: ['gw-1'] });
    const flushing = Promise.withResolvers<void>();
    const { applyTo, beat } = await begun({ ...deps, bus: { ...deps.bus, flush: () => flushing.promise } }, log);
    log.put(created([alice]));
    log.put(said('a'));
    await applyTo(1);
    const beating = beat();
    await applyTo(2);
    flushing.resolve();
    await beating;
    expect(saved.position).toBe(1);
  });

  it('is not saved when the flush fails, and is by the next beat', async () => {
    const log = createTestLog();
    const { deps, saved } = createSurroundings(log, { alice: ['gw-1'] });
    let failures = 1;
    const flush = async () => {
      if (failures-- > 0) throw new Error('not connected');
    };
    const { applyTo, beat } = await begun({ ...deps, bus: { ...deps.bus, flush } }, log);
    log.put(created([alice]));
    await applyTo(1);
    await expect(beat()).rejects.toThrow('not connected');
    expect(saved.position).toBe(0);
    await beat();
    expect(saved.position).toBe(1);
  });

  it('makes a worker that starts again deliver again what was after it, on the same chain', async () => {
    const log = createTestLog();
    const { deps, take } = createSurroundings(log, { alice: ['gw-1'] });
    const first = await begun(deps, log);
    log.put(created([alice]));
    await first.applyTo(1);
    await first.beat();
    log.put(said('a'));
    await first.applyTo(2);
    take('gw-1');
    const second = await begun(deps, log);
    log.put(said('b'));
    await second.applyTo(3);
    const batches = take('gw-1');
    expect(marks(batches)).toEqual([[1, 3]]);
    expect(told(batches)).toEqual(['2 alice', '3 alice']);
  });

  it('is the head of the log where there is none: nobody waits for what was before', async () => {
    const log = createTestLog();
    log.put(created([alice]));
    const { deps, saved } = createSurroundings(log, {});
    const delivery = createDelivery(deps);
    expect(await delivery.reader.checkpoint(shard)).toBe(1);
    await delivery.beat();
    expect(saved.position).toBe(1);
  });

  it('does not pass a step that could not be published to every gateway', async () => {
    const log = createTestLog();
    const { deps, take } = createSurroundings(log, { alice: ['gw-1'], bob: ['gw-2'] });
    let failures = 1;
    const publish: GatewayBus['publish'] = (gatewayId, batch) => {
      if (gatewayId === 'gw-2' && failures-- > 0) throw new RangeError('too long');
      deps.bus.publish(gatewayId, batch);
    };
    const { applyTo, reader } = await begun({ ...deps, bus: { ...deps.bus, publish } }, log);
    log.put(created([alice, bob]));
    await expect(applyTo(1)).rejects.toThrow('too long');
    expect(await reader.checkpoint(shard)).toBe(0);
    await applyTo(1);
    expect(told(take('gw-2'))).toEqual(['1 bob']);
    // The other one hears it twice, at a mark it has: it drops the second.
    expect(marks(take('gw-1')).every(([, last]) => last === 1)).toBe(true);
  });
});

describe('a shard that goes to another worker', () => {
  async function handedOver() {
    const log = createTestLog();
    const { deps, done, saved, take } = createSurroundings(log, { alice: ['gw-1'], bob: ['gw-2'] });
    const flush = { fails: false };
    const flushOrFail = async () => (flush.fails ? Promise.reject(new Error('away')) : deps.bus.flush());
    const first = await begun({ ...deps, bus: { ...deps.bus, flush: flushOrFail } }, log);
    log.put(created([alice]));
    log.put(said('a'));
    await first.applyTo(2);
    return { log, deps, done, saved, take, flush, first };
  }

  it('is handed over at a checkpoint that every gateway has heard of: the next worker leaves no hole', async () => {
    const { log, deps, done, saved, take, first } = await handedOver();
    done.length = 0;
    await first.leave();
    expect(done).toEqual(['publish gw-1', 'publish gw-2', 'flush', 'save 2']);
    expect(marks(take('gw-2')).at(-1)).toEqual([0, 2]);
    expect(saved.position).toBe(2);
    const second = await begun(deps, log);
    take('gw-1');
    log.put(said('b'));
    await second.applyTo(3);
    await second.beat();
    expect(marks(take('gw-1'))[0]).toEqual([2, 3]);
    expect(marks(take('gw-2'))).toEqual([[2, 3]]);
  });

  it('is not heard of any more from the worker that left it', async () => {
    const { take, first } = await handedOver();
    await first.leave();
    take('gw-1');
    await first.beat();
    expect(take('gw-1')).toEqual([]);
  });

  it('is left also when the last beat fails, and goes on where the checkpoint is', async () => {
    const { saved, take, first, flush } = await handedOver();
    saved.position = position(1);
    flush.fails = true;
    await expect(first.leave()).rejects.toThrow('away');
    expect(saved.position).toBe(1);
    take('gw-1');
    await first.applyTo(2);
    expect(marks(take('gw-1'))).toEqual([[1, 2]]);
  });

  it('begins where the other worker ended when it comes back', async () => {
    const { log, saved, take, first } = await handedOver();
    await first.leave();
    log.put(said('told by another worker'));
    log.put(said('b'));
    saved.position = position(3);
    take('gw-1');
    await first.applyTo(4);
    const batches = take('gw-1');
    expect(marks(batches)).toEqual([[3, 4]]);
    expect(told(batches)).toEqual(['4 alice']);
  });
});
