import type { ConversationId, UserId } from '@parley/domain';
import type { TimelineQueries } from '@parley/projections';
import { describe, expect, it } from 'vitest';
import { added, alice, at, bob, carol, created, createTestLog, removed, said, tooLate } from '@parley/domain/testing';
import { batchBytesMax } from './batches.ts';
import { begun, createSurroundings, marks, prevIds, told } from './testing/surroundings.ts';

const other = 'g_2' as ConversationId;

describe('delivery', () => {
  it('publishes one batch to each gateway that holds a session of a member, cut to its users', async () => {
    const log = createTestLog();
    const { deps, take, saved } = createSurroundings(log, { alice: ['gw-1', 'gw-2'], bob: ['gw-2'], carol: ['gw-3'] });
    log.put(created([alice, bob]));
    saved.position = at(1);
    const { applyTo } = await begun(deps, log);
    log.put(said('a'));
    log.put(said('b'));
    await applyTo(3);
    expect(told(take('gw-1'))).toEqual(['2 alice', '3 alice']);
    const [batch, ...more] = take('gw-2');
    expect(more).toEqual([]);
    expect(batch).toMatchObject({
      shard: 0,
      epoch: 7,
      after: 1,
      last: 3,
      deliveries: [{ userIds: [alice, bob] }, { position: 3 }],
    });
    expect(take('gw-3')).toEqual([]);
  });

  it('tells nobody of void events, but passes them', async () => {
    const log = createTestLog();
    const { deps, take } = createSurroundings(log, { alice: ['gw-1'] });
    const { applyTo, beat } = await begun(deps, log);
    log.put(created([alice]));
    log.put(said('late'), tooLate);
    await applyTo(2);
    expect(told(take('gw-1'))).toEqual(['1 alice']);
    log.put(said('late'), tooLate);
    await applyTo(3);
    expect(take('gw-1')).toEqual([]);
    await beat();
    expect(marks(take('gw-1'))).toEqual([[2, 3]]);
  });

  it('tells a removed member of the removal and of nothing after it, even in one batch', async () => {
    const log = createTestLog();
    const { deps, take } = createSurroundings(log, { bob: ['gw-1'] });
    const { applyTo } = await begun(deps, log);
    log.put(created([alice, bob]));
    log.put(said('a'));
    log.put(removed(bob));
    log.put(said('secret'));
    log.put(added([carol]));
    await applyTo(5);
    expect(told(take('gw-1'))).toEqual(['1 bob', '2 bob', '3 bob']);
  });

  it('knows the event before also where it may remember fewer conversations than one step holds', async () => {
    const log = createTestLog();
    const { deps, take } = createSurroundings(log, { alice: ['gw-1'] });
    const previous: TimelineQueries['previous'] = async () => at(1); // as of before this step
    const { applyTo } = await begun({ ...deps, rememberedMax: 1, timeline: { previous } }, log);
    log.put(created([alice]));
    log.put(said('a'));
    log.put(created([alice]), { conversationId: other });
    log.put(said('b'));
    await applyTo(4);
    expect(prevIds(take('gw-1'))).toEqual(['0', '1', '0', '2']);
  });

  it('cuts a batch that is too long for one publish between two positions, without a hole', async () => {
    const log = createTestLog();
    const { deps, take } = createSurroundings(log, { alice: ['gw-1'] });
    const { applyTo } = await begun(deps, log);
    log.put(created([alice]));
    const long = 'x'.repeat(16 * 1024);
    for (let i = 0; i < 40; i++) log.put(said(long));
    log.put(said('not for alice'), { conversationId: other });
    await applyTo(42);
    const batches = take('gw-1');
    expect(batches.length).toBeGreaterThan(1);
    expect(marks(batches)[0]?.[0]).toBe(0);
    expect(batches.at(-1)?.last).toBe(42);
    batches.slice(1).forEach(({ after }, index) => expect(after).toBe(batches[index]?.last));
    for (const { after, last, deliveries } of batches) {
      expect(deliveries.every(({ position }) => after < position && position <= last)).toBe(true);
      expect(JSON.stringify(deliveries).length).toBeLessThan(batchBytesMax);
    }
    expect(told(batches)).toHaveLength(41);
  });
});

describe('what a gateway is told of how far it should have come', () => {
  it('is a chain without holes, heartbeats and idle times included', async () => {
    const log = createTestLog();
    const { deps, take } = createSurroundings(log, { alice: ['gw-1'] });
    const { applyTo, beat } = await begun(deps, log);
    log.put(created([alice]));
    await applyTo(1);
    await beat();
    for (let i = 0; i < 3; i++) log.put(created([bob]), { actorId: bob, conversationId: `g_1${i}` as ConversationId });
    await applyTo(4);
    await beat();
    await beat();
    log.put(said('a'));
    await applyTo(5);
    expect(marks(take('gw-1'))).toEqual([
      [0, 1],
      [1, 1],
      [1, 4],
      [4, 4],
      [4, 5],
    ]);
  });

  it('begins, for a gateway that is new to this worker, where the worker began', async () => {
    const log = createTestLog();
    const { deps, take, alive, saved, gateways } = createSurroundings(log, { alice: ['gw-1'] });
    log.put(created([alice]));
    saved.position = at(1);
    const { applyTo, beat } = await begun(deps, log);
    log.put(said('a'));
    await applyTo(2);
    alive.add('gw-2');
    await beat();
    expect(marks(take('gw-2'))).toEqual([[1, 2]]);
    gateways.set(alice, ['gw-2']);
    log.put(said('b'));
    await applyTo(3);
    expect(marks(take('gw-2'))).toEqual([[2, 3]]);
  });

  it('is forgotten when its lease lapses: coming back, it is as new', async () => {
    const log = createTestLog();
    const { deps, take, alive } = createSurroundings(log, { alice: ['gw-1'] });
    const { applyTo, beat } = await begun(deps, log);
    log.put(created([alice]));
    await applyTo(1);
    take('gw-1');
    alive.delete('gw-1');
    await beat();
    log.put(said('unheard'));
    await applyTo(2);
    expect(take('gw-1')).toEqual([]);
    alive.add('gw-1');
    await beat();
    expect(marks(take('gw-1'))).toEqual([[0, 2]]);
  });
});

describe('the position before', () => {
  it('is that of the last event of the conversation that was told, void ones left out', async () => {
    const log = createTestLog();
    const { deps, take } = createSurroundings(log, { alice: ['gw-1'] });
    const { applyTo } = await begun(deps, log);
    log.put(created([alice]));
    log.put(created([alice]), { conversationId: other });
    log.put(said('a'));
    log.put(said('late'), tooLate);
    log.put(said('b'));
    await applyTo(3);
    await applyTo(5);
    expect(prevIds(take('gw-1'))).toEqual(['0', '0', '1', '3']);
  });

  async function afterStart(previous: TimelineQueries['previous']) {
    const log = createTestLog();
    const { deps, take, saved } = createSurroundings(log, { alice: ['gw-1'] });
    log.put(created([alice]));
    for (let i = 0; i < 4; i++) log.put(created([bob]), { conversationId: other });
    saved.position = at(5);
    const { applyTo } = await begun({ ...deps, timeline: { previous } }, log);
    log.put(said('a'));
    await applyTo(6);
    return prevIds(take('gw-1'));
  }

  it('is what the timeline says of a conversation it has not told of since it began', async () => {
    const asked: unknown[] = [];
    expect(await afterStart(async (about) => (asked.push(about), at(1)))).toEqual(['1']);
    expect(asked).toEqual([{ conversationId: 'g_1', position: 6, since: 5 }]);
  });

  it('is one that makes clients look where the timeline does not know, or is down', async () => {
    expect(await afterStart(async () => undefined)).toEqual(['5']);
    expect(await afterStart(() => Promise.reject(new Error('down')))).toEqual(['5']);
  });

  it('is asked of the timeline again when another worker had the shard meanwhile', async () => {
    const log = createTestLog();
    const { deps, take, saved } = createSurroundings(log, { alice: ['gw-1'] });
    const { applyTo, leave } = await begun({ ...deps, timeline: { previous: async () => at(2) } }, log);
    log.put(created([alice]));
    await applyTo(1);
    await leave();
    log.put(said('told by another worker'));
    saved.position = at(2);
    log.put(said('a'));
    await applyTo(3);
    expect(prevIds(take('gw-1'))).toEqual(['0', '2']);
  });

  it('is right when a step is applied again after it failed half-way', async () => {
    const log = createTestLog();
    const { deps, take, saved } = createSurroundings(log, { alice: ['gw-1'] });
    log.put(created([alice]));
    saved.position = at(1);
    let failures = 1;
    const sessions = {
      ...deps.sessions,
      gatewaysOf: async (ids: readonly UserId[]) => {
        if (failures-- > 0) throw new Error('down');
        return deps.sessions.gatewaysOf(ids);
      },
    };
    const { applyTo } = await begun({ ...deps, sessions, timeline: { previous: async () => at(1) } }, log);
    log.put(said('a'));
    log.put(said('b'));
    await expect(applyTo(3)).rejects.toThrow('down');
    expect(take('gw-1')).toEqual([]);
    await applyTo(3);
    const batches = take('gw-1');
    expect(prevIds(batches)).toEqual(['1', '2']);
    expect(marks(batches)).toEqual([[1, 3]]);
  });
});
