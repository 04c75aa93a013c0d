// A conversation is compared while its worker goes on: what was stored between the look at the log and the look at the rows is right.
import { NO_POSITION, type Shard } from '@parley/domain';
import { createTestLog, said, theGroup } from '@parley/domain/testing';
import { expect, it } from 'vitest';
import { messagesPerDay, type DayHead, type DayRow } from '../messages-per-day/messages-per-day.ts';
import { foldBatch } from '../testing/history.ts';
import { createMovingClock } from '../testing/moving-clock.ts';
import { createTestStore } from '../testing/stores.ts';
import { compareConversation } from './compare-conversation.ts';
import type { Difference } from './differences.ts';

const shard = 0 as Shard;

it('a row that takes the place of an earlier one while it is compared is no difference, and a wrong one is', async () => {
  const log = createTestLog();
  const stored = createTestStore<DayHead, DayRow>(messagesPerDay);
  const work = async (): Promise<void> => stored.write(shard, foldBatch(messagesPerDay, log.events()));
  log.put(said('before'));
  await work();
  const store = {
    ...stored,
    async *rows(...asked: Parameters<typeof stored.rows>) {
      log.put(said('meanwhile'));
      await work();
      yield* stored.rows(...asked);
    },
  };
  const compare = async (compared: typeof stored): Promise<readonly Difference[]> => {
    const { signal } = new AbortController();
    const deps = { projection: messagesPerDay, store: compared, log, world: createMovingClock(), signal };
    return Array.fromAsync(compareConversation(deps, shard, theGroup));
  };
  expect(await compare(store)).toStrictEqual([]);

  const [row] = stored.contents().rows;
  if (!row) throw new Error('nothing is stored');
  for (const wrong of [{ messages: 99 }, { position: 1_000 as DayRow['position'] }]) {
    await stored.write(shard, { rows: [{ ...row, ...wrong }], heads: [], parked: [], checkpoint: NO_POSITION });
    expect(await compare(stored)).toMatchObject([{ type: 'different', stored: wrong }]);
  }
});
