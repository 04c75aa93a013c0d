import type { ConversationId, NewEvent, Position, UserId } from '@parley/domain';
import { describeEventLog, type OpenedLog } from '@parley/domain/contracts';
import { shareReads } from '@parley/projections';
import { uuidv7 } from 'uuidv7';
import { expect, test } from 'vitest';
import { MemoryEventLog } from './event-log.ts';

describeEventLog('MemoryEventLog', async () => openLog());

describeEventLog('MemoryEventLog, its reads shared', async () => {
  const opened = openLog();
  return { ...opened, log: shareReads(opened.log, 'shared') };
});

test('remembers an idempotency key for two minutes of its own clock, and no longer', async () => {
  const opened = openLog();
  const first = await opened.log.append(created('key'));
  expect(first).toEqual({ type: 'Appended', position: 1, duplicate: false });
  const message = (decidedOn: number): NewEvent => ({
    ...created('again'),
    decidedOn: decidedOn as Position,
    event: said,
  });
  expect(await opened.log.append(message(1))).toMatchObject({ position: 2, duplicate: false });
  opened.setLogClockOffset(120_000);
  expect(await opened.log.append(message(1))).toMatchObject({ position: 2, duplicate: true });
  opened.setLogClockOffset(120_001);
  expect(await opened.log.append(message(1))).toMatchObject({ position: 3, duplicate: false });
});

const nowTs = 1_800_000_000_000;
const said = { type: 'message.sent', clientMsgId: uuidv7(), body: 'hello', bodyType: 'text' } as NewEvent['event'];

const created = (idempotencyKey: string): NewEvent => ({
  conversationId: 'g_1' as ConversationId,
  actorId: 'ann' as UserId,
  event: { type: 'conversation.member_left', userId: 'ann' as UserId },
  decidedOn: 0 as Position,
  notAfterTs: nowTs + 30_000,
  idempotencyKey,
  bodyHash: 'hash',
});

function openLog(): OpenedLog & { setLogClockOffset(offsetMs: number): void } {
  let offsetMs = 0;
  let logOffsetMs = 0;
  const world = {
    now: () => nowTs + offsetMs,
    schedule: () => ({ [Symbol.dispose]: () => undefined }),
    sleep: async () => undefined,
    random: () => 0,
    uuid: uuidv7,
  };
  return {
    log: new MemoryEventLog({ shards: 2, world, logNow: () => nowTs + logOffsetMs }),
    world,
    setClockOffset: (ms) => (offsetMs = ms),
    setLogClockOffset: (ms) => (logOffsetMs = ms),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
