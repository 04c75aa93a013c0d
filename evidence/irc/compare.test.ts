import type { Entry, LogEntry, Said } from '@parley/proof';
import { describe, expect, test } from 'vitest';
import { compareLists, compareView, toLoggedRoom } from './compare.ts';

const logged = (position: number, actorId: string, said: Said): LogEntry => ({
  conversationId: 'g',
  position,
  kind: said.type === 'message' ? 'msg' : 'meta',
  actorId,
  said,
  storedMs: 0,
  isVoid: false,
});
const meta = (position: number, type: 'created' | 'added' | 'left', users: readonly string[]): LogEntry =>
  logged(position, 'operator', { type, by: 'operator', users });
const said = (position: number, sender: string, replyTo?: number): LogEntry => ({
  ...logged(position, sender, { type: 'message', sender, clientMsgId: `id ${position}`, body: `body ${position}` }),
  ...(replyTo === undefined ? {} : { replyTo }),
});

const events = [
  meta(1, 'created', []),
  meta(3, 'added', ['ann']),
  said(4, 'ann'),
  meta(6, 'added', ['bob']),
  said(7, 'bob', 4),
  meta(8, 'left', ['bob']),
  said(9, 'ann'),
  meta(11, 'added', ['bob']),
  said(12, 'ann', 9),
];
const room = toLoggedRoom('the room', events);

/** As a client would have been shown it. */
function shown({ position, said, actorId: senderId, replyTo }: LogEntry): Entry {
  const entry = { position, seenTs: 0, senderId };
  if (said.type === 'message') return { ...entry, body: said.body, ...(replyTo === undefined ? {} : { replyTo }) };
  const types = new Map([
    ['created', 'created'],
    ['added', 'members_added'],
    ['left', 'member_left'],
  ]);
  const type = types.get(said.type);
  const users = said.type === 'added' ? { user_ids: said.users } : { user_id: said.users[0] };
  return { ...entry, event: JSON.stringify({ type, ...users }) };
}

const all = events.map(({ position }) => position);
const view = (positions: readonly number[]): Map<number, Entry> =>
  new Map(events.filter(({ position }) => positions.includes(position)).map((event) => [event.position, shown(event)]));
const seenBy = (userId: string, seen: ReadonlyMap<number, Entry>) => compareView(room, userId, seen);
const bobs = [6, 7, 8, 11, 12];

describe('what a member saw', () => {
  test('is the log from its coming on, but for when it was away', () => {
    expect(seenBy('operator', view(all))).toEqual({ compared: 9, differences: [] });
    expect(seenBy('ann', view(all.slice(1)))).toEqual({ compared: 8, differences: [] });
    expect(seenBy('bob', view(bobs))).toEqual({ compared: 5, differences: [] });
  });

  test('in another order of arrival is the same', () => {
    expect(seenBy('bob', new Map([...view(bobs)].toReversed())).differences).toEqual([]);
  });

  test.each(bobs)('differs when %d is missing', (position) => {
    expect(seenBy('bob', view(bobs.filter((each) => each !== position))).differences).toHaveLength(1);
  });

  test.each([3, 4, 9])('differs when it holds %d, which it may not see', (position) => {
    expect(seenBy('bob', view([...bobs, position])).differences).toHaveLength(1);
  });

  test.each([
    [
      'body',
      { body: 'altered' },
      'saw 12 <ann> "altered" in answer to 9; the log has 12 <ann> "body 12" in answer to 9',
    ],
    [
      'sender',
      { senderId: 'eve' },
      'saw 12 <eve> "body 12" in answer to 9; the log has 12 <ann> "body 12" in answer to 9',
    ],
    [
      'reply target',
      { replyTo: 7 },
      'saw 12 <ann> "body 12" in answer to 7; the log has 12 <ann> "body 12" in answer to 9',
    ],
  ])('differs when another %s was shown', (_, altered, difference) => {
    const seen = view(bobs);
    seen.set(12, { position: 12, seenTs: 0, senderId: 'ann', body: 'body 12', replyTo: 9, ...altered });
    expect(seenBy('bob', seen).differences).toEqual([`bob in the room: ${difference}`]);
  });

  test('differs when another coming or going was shown', () => {
    const seen = view(bobs);
    seen.set(11, {
      position: 11,
      seenTs: 0,
      senderId: 'operator',
      event: '{"type":"members_added","user_ids":["eve"]}',
    });
    expect(seenBy('bob', seen).differences).toEqual([
      'bob in the room: saw 11 <operator> added eve; the log has 11 <operator> added bob',
    ]);
  });
});

test('who left saw a beginning without a gap', () => {
  const left = toLoggedRoom('the room', events.slice(0, 7));
  const differences = (positions: readonly number[]) => compareView(left, 'bob', view(positions)).differences.length;
  expect([[6, 7, 8], [6, 7], [6], []].map(differences)).toEqual([0, 0, 0, 0]);
  expect([[6, 8], [7], [6, 7, 8, 9]].map(differences)).toEqual([1, 1, 1]);
});

test('who never was a member saw nothing', () => {
  expect(seenBy('eve', new Map()).differences).toEqual([]);
  expect(seenBy('eve', view([9])).differences).toEqual([
    'eve in the room: saw 9 <ann> "body 9"; the log has nothing more',
  ]);
});

test('a read path differs at its first entry that is missing, altered or too many', () => {
  const found = (list: readonly string[]) => compareLists('rows', list, ['1', '2']).differences;
  expect(found(['1', '2'])).toEqual([]);
  expect(found(['1'])).toEqual(['rows: has nothing; the log has 2']);
  expect(found(['2', '2'])).toEqual(['rows: has 2; the log has 1']);
  expect(found(['1', '2', '3'])).toEqual(['rows: has 3; the log has nothing']);
});
