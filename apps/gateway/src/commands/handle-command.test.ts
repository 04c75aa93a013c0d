import {
  accepted,
  refused,
  unchanged,
  type AppendRefusal,
  type ConversationState,
  type Decision,
  type MessageSent,
} from '@parley/domain';
import { createConversationStates } from '@parley/projections';
import { describe, expect, it } from 'vitest';
import {
  added,
  alice,
  bob,
  created,
  createTestLog,
  removed,
  said,
  startTs,
  theGroup,
  type TestLog,
} from '@parley/domain/testing';
import { decisionsMax, handleCommand } from './handle-command.ts';

const accept = () => accepted(said('hello'));

type Decide = (state: ConversationState) => Decision<MessageSent, 'no'>;

const command = (decide: Decide) => ({
  conversationId: theGroup,
  actorId: alice,
  decide,
  idempotencyKey: 'once',
  bodyHash: 'hash',
  notAfterTs: startTs + 30_000,
});

function handling(log: TestLog) {
  const states = createConversationStates(log);
  const calls = (call: string): number => log.calls.filter((one) => one === call).length;
  return { log, states, calls };
}

function group(): TestLog {
  const log = createTestLog();
  log.put(created([alice, bob]));
  return log;
}

describe('a command', () => {
  it('appends what was decided, on the condition it was decided on', async () => {
    const log = group();
    log.put(added([bob]));
    expect(await handleCommand(handling(log), command(accept))).toEqual({
      type: 'Appended',
      position: 3,
      duplicate: false,
    });
    expect(log.events()[2]).toMatchObject({
      conversationId: theGroup,
      actorId: alice,
      event: said('hello'),
      decidedOn: 2,
      idempotencyKey: 'once',
      bodyHash: 'hash',
      notAfterTs: startTs + 30_000,
    });
  });

  it('is decided again on the newer state when that had moved on', async () => {
    const log = group();
    const { states, calls } = handling(log);
    await states.recent(theGroup);
    log.put(added([bob]));
    const seen: number[] = [];
    const counting: Decide = (state) => (seen.push(state.type === 'open' ? state.members.size : 0), accept());
    expect(await handleCommand({ log, states }, command(counting))).toMatchObject({ type: 'Appended', position: 3 });
    expect(seen).toHaveLength(2);
    expect(log.events()[2]?.decidedOn).toBe(2);
    expect(calls('append')).toBe(2);
  });

  it('keeps its key and its not-after through all attempts', async () => {
    const log = group();
    const { states } = handling(log);
    await states.recent(theGroup);
    log.put(added([bob]));
    await handleCommand({ log, states }, command(accept));
    expect(log.events()[2]).toMatchObject({ idempotencyKey: 'once', notAfterTs: startTs + 30_000 });
  });

  it('says unavailable when the state moved on every time, after a named number of attempts', async () => {
    let appends = 0;
    const log = createTestLog({
      before: (call) => (call === 'append' ? (appends++, void log.put(added([bob]))) : undefined),
    });
    log.put(created([alice]));
    expect(await handleCommand(handling(log), command(accept))).toMatchObject({ type: 'Unavailable' });
    expect(appends).toBe(decisionsMax);
    expect(log.events().some(({ event }) => event.type === 'message.sent')).toBe(false);
  });

  it.each<AppendRefusal>([
    { type: 'Overloaded', retryAfterMs: 5 },
    { type: 'Unavailable', retryAfterMs: 5 },
  ])('gives back what the log refuses, without another attempt: %o', async (refusal) => {
    let appends = 0;
    const log: TestLog = { ...group(), append: async () => (appends++, refusal) };
    expect(await handleCommand(handling(log), command(accept))).toEqual(refusal);
    expect(appends).toBe(1);
  });
});

describe('a refusal, and that nothing changes', () => {
  const mayNot: Decide = (state) =>
    state.type === 'open' && (state.members.get(bob)?.intervals.at(-1)?.to ?? 'in') !== 'in' ? refused('no') : accept();
  const isIn: Decide = (state) => (state.type === 'open' && state.members.has(bob) ? unchanged : accept());

  it('is decided on a state loaded after the command came in, never on an older one', async () => {
    const log = group();
    log.put(removed(bob));
    const { states, calls } = handling(log);
    await states.recent(theGroup);
    log.put(added([bob]));
    // The kept state says no; the present one does not.
    expect(await handleCommand({ log, states }, command(mayNot))).toMatchObject({ type: 'Appended', position: 4 });
    expect(calls('conversationEvents')).toBe(2);
  });

  it('appends nothing to the log', async () => {
    const log = group();
    log.put(removed(bob));
    expect(await handleCommand(handling(log), command(mayNot))).toEqual({ type: 'Refused', refusal: 'no' });
    expect(await handleCommand(handling(log), command(isIn))).toMatchObject({
      type: 'Unchanged',
      state: { type: 'open' },
    });
    expect(log.events()).toHaveLength(2);
  });

  it('is given when an accepted command became forbidden before it was appended', async () => {
    const log = group();
    const { states } = handling(log);
    await states.recent(theGroup);
    log.put(removed(bob));
    expect(await handleCommand({ log, states }, command(mayNot))).toEqual({ type: 'Refused', refusal: 'no' });
    expect(log.events()).toHaveLength(2);
  });
});
