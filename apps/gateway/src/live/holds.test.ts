import type { ConversationId, Position } from '@parley/domain';
import { expect, it } from 'vitest';
import { encodeOnce } from '../formats.ts';
import { Holds, resumesWaitingMax, type LiveFrame } from './holds.ts';

const one = 'g_1' as ConversationId;
const two = 'g_2' as ConversationId;
const at = (value: number) => value as Position;
const frame = (conversationId: ConversationId, position: number): LiveFrame => ({
  conversationId,
  position: at(position),
  encoded: encodeOnce({}),
});
const positions = (frames: readonly LiveFrame[]) => frames.map(({ position }) => position);

function opened(...ids: ConversationId[]) {
  const holds = new Holds(100);
  const hold = holds.begin(ids);
  if (!hold) throw new Error('no hold');
  return { holds, hold };
}

it('covers what it was begun for, until it ends', () => {
  const { holds, hold } = opened(one);
  expect([holds.covers(one), holds.covers(two)]).toEqual([true, false]);
  holds.end(hold, new Map());
  expect(holds.covers(one)).toBe(false);
});

it('lets go of what is above the head of its conversation, in order', () => {
  const { holds, hold } = opened(one, two);
  for (const held of [frame(one, 4), frame(two, 5), frame(one, 6), frame(two, 7)]) holds.keep(held, 1);
  const heads = new Map([
    [one, at(4)],
    [two, at(6)],
  ]);
  expect(positions(holds.end(hold, heads))).toEqual([6, 7]);
});

it('lets go of everything in a conversation that reached no head', () => {
  const { holds, hold } = opened(one);
  holds.keep(frame(one, 1), 1);
  expect(positions(holds.end(hold, new Map()))).toEqual([1]);
});

it('keeps what another resume still holds, and gives it up to that one', () => {
  const { holds, hold } = opened(one, two);
  const later = holds.begin([one]);
  for (const held of [frame(one, 4), frame(two, 5), frame(one, 6)]) holds.keep(held, 1);
  expect(positions(holds.end(hold, new Map([[one, at(3)]])))).toEqual([5]);
  expect(holds.covers(one)).toBe(true);
  expect(later && positions(holds.end(later, new Map([[one, at(4)]])))).toEqual([6]);
});

it('says when more waits than may, and counts anew after letting go', () => {
  const { holds, hold } = opened(one);
  expect(holds.keep(frame(one, 1), 100)).toBe(true);
  expect(holds.keep(frame(one, 2), 1)).toBe(false);
  holds.end(hold, new Map());
  holds.begin([one]);
  expect(holds.keep(frame(one, 3), 100)).toBe(true);
});

it('begins no more than a named number', () => {
  const holds = new Holds(100);
  for (let i = 0; i < resumesWaitingMax; i++) expect(holds.begin([one])).toBeDefined();
  expect(holds.begin([one])).toBeUndefined();
});
