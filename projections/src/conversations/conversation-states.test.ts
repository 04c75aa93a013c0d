import { isMember, LogUnavailable } from '@parley/domain';
import { describe, expect, it } from 'vitest';
import {
  added,
  alice,
  at,
  bob,
  carol,
  created,
  createTestLog,
  removed,
  said,
  theGroup,
  tooLate,
} from '@parley/domain/testing';
import { StoreUnavailable } from '../projection.ts';
import { createTestConversations, project } from '../testing/stores.ts';
import { createConversationStates } from './conversation-states.ts';
import { conversations } from './conversations.ts';

function createLog() {
  const log = createTestLog();
  const reads = () => log.calls.filter((call) => call === 'conversationEvents').length;
  return { log, reads };
}

describe('the state of a conversation', () => {
  it('is the fold of its .meta events, and names the last of them', async () => {
    const { log } = createLog();
    log.put(created([alice, bob]));
    log.put(said('hello'));
    log.put(removed(bob));
    log.put(said('bye'));
    const { state, meta } = await createConversationStates(log).current(theGroup);
    expect(meta).toBe(3);
    expect([alice, bob].map((id) => isMember(state, id))).toEqual([true, false]);
  });

  it('is none where nothing was created', async () => {
    expect(await createConversationStates(createLog().log).current(theGroup)).toEqual({
      state: { type: 'none' },
      meta: 0,
    });
  });

  it('is not changed by a void event, which still is the last .meta event', async () => {
    const { log } = createLog();
    log.put(created([alice, bob]));
    log.put(removed(bob), tooLate);
    const { state, meta } = await createConversationStates(log).current(theGroup);
    expect(meta).toBe(2);
    expect(isMember(state, bob)).toBe(true);
  });

  it('goes on from a void event: the next is folded onto the state before it', async () => {
    const { log } = createLog();
    const states = createConversationStates(log);
    log.put(created([alice]), tooLate);
    expect(await states.current(theGroup)).toEqual({ state: { type: 'none' }, meta: 1 });
    log.put(created([alice, bob]));
    expect((await states.current(theGroup)).meta).toBe(2);
  });
});

describe('a state as of some earlier moment', () => {
  it('is loaded once and then kept', async () => {
    const { log, reads } = createLog();
    log.put(created([alice]));
    const states = createConversationStates(log);
    await states.recent(theGroup);
    log.put(added([bob]));
    expect((await states.recent(theGroup)).meta).toBe(1);
    expect(reads()).toBe(1);
  });
});

describe('a current state', () => {
  it('is asked of the log every time, and replaces the kept one', async () => {
    const { log, reads } = createLog();
    log.put(created([alice]));
    const states = createConversationStates(log);
    await states.recent(theGroup);
    log.put(added([bob]));
    expect((await states.current(theGroup)).meta).toBe(2);
    expect(reads()).toBe(2);
    expect((await states.recent(theGroup)).meta).toBe(2);
    expect(reads()).toBe(2);
  });

  it('is asked for once by all who wait for the next one', async () => {
    const { log, reads } = createLog();
    log.put(created([alice]));
    const states = createConversationStates(log);
    await Promise.all([1, 2, 3, 4].map(() => states.current(theGroup)));
    expect(reads()).toBe(2);
  });

  it('is never the answer to a request made before the call', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let asked = 0;
    const log = createTestLog({
      before: (call) => (call === 'conversationEvents' ? gates[asked++]?.promise : undefined),
    });
    log.put(created([alice]));
    // What the log answers is as of the moment the request was made.
    const states = createConversationStates({
      ...log,
      conversationEvents: async (id, after) => {
        const known = log.events().length;
        return (await log.conversationEvents(id, after)).filter(({ position }) => position <= known);
      },
    });
    const early = states.current(theGroup);
    await new Promise((resolve) => void setImmediate(resolve)); // the request is on its way
    log.put(added([bob]));
    const late = states.current(theGroup);
    gates[0]?.resolve();
    expect((await early).meta).toBe(1);
    gates[1]?.resolve();
    expect((await late).meta).toBe(2);
  });
});

describe('a state as of a position or later', () => {
  it('is the kept one when that is new enough', async () => {
    const { log, reads } = createLog();
    log.put(created([alice]));
    const states = createConversationStates(log);
    await states.recent(theGroup);
    await states.atLeast(theGroup, at(1));
    expect(reads()).toBe(1);
  });

  it('is reloaded when the kept one is older', async () => {
    const { log, reads } = createLog();
    log.put(created([alice]));
    const states = createConversationStates(log);
    await states.recent(theGroup);
    log.put(added([bob]));
    const { state } = await states.atLeast(theGroup, at(2));
    expect(isMember(state, bob)).toBe(true);
    expect(reads()).toBe(2);
  });

  it('tells what the cache was good for', async () => {
    const { log } = createLog();
    log.put(created([alice]));
    const results: string[] = [];
    const states = createConversationStates(log, undefined, { looked: (result) => results.push(result) });
    await states.recent(theGroup);
    await states.recent(theGroup);
    log.put(added([bob]));
    await states.atLeast(theGroup, at(1));
    await states.atLeast(theGroup, at(2));
    await createConversationStates(log, undefined, { looked: (result) => results.push(result) }).atLeast(
      theGroup,
      at(1),
    );
    expect(results).toEqual(['miss', 'hit', 'hit', 'behind', 'miss']);
  });

  it('is unavailable, never an older one, when the log does not have it yet', async () => {
    const { log } = createLog();
    log.put(created([alice]));
    await expect(createConversationStates(log).atLeast(theGroup, at(2))).rejects.toThrow(LogUnavailable);
  });

  it('may be that of a void event', async () => {
    const { log } = createLog();
    log.put(created([alice, bob]));
    log.put(removed(bob), tooLate);
    expect((await createConversationStates(log).atLeast(theGroup, at(2))).meta).toBe(2);
  });
});

describe('a stored snapshot', () => {
  async function withSnapshot(storedEvents: number) {
    const { log } = createLog();
    log.put(created([alice, bob]));
    log.put(removed(bob), tooLate);
    log.put(said('hello'), { decidedOn: at(2) });
    log.put(added([carol]));
    const store = createTestConversations();
    await project(conversations, store, log.events().slice(0, storedEvents));
    const asked: number[] = [];
    const states = createConversationStates(
      { ...log, conversationEvents: async (id, after) => (asked.push(after), log.conversationEvents(id, after)) },
      store,
    );
    return { asked, loaded: await states.current(theGroup) };
  }

  it.each([
    [0, 0],
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 4],
  ])('of %i events only saves reading: the log is asked for what follows %i', async (storedEvents, after) => {
    const { asked, loaded } = await withSnapshot(storedEvents);
    expect(asked).toEqual([after]);
    expect(loaded.meta).toBe(4);
    expect([alice, bob, carol].map((id) => isMember(loaded.state, id))).toEqual([true, true, true]);
  });

  it('is not needed: a store that is down costs no answer', async () => {
    const { log } = createLog();
    log.put(created([alice]));
    const broken = { heads: () => Promise.reject(new StoreUnavailable('down')) };
    expect((await createConversationStates(log, broken).current(theGroup)).meta).toBe(1);
  });
});
