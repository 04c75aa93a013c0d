import { describe, expect, test } from 'vitest';
import type { IrcLine } from './irc-log.ts';
import { chooseRooms, toScript, type Step } from './script.ts';

const says = (n: number, user: string, more: { text?: string; replyTo?: number; minute?: number } = {}): IrcLine => ({
  room: 'a',
  n,
  minute: 0,
  user,
  text: `line ${n}`,
  ...more,
});
const tells = (n: number, system: string): IrcLine => ({ room: 'a', n, minute: 0, system });
const membersMax = 10;

const short = (step: Step): string =>
  step.type === 'say'
    ? `${step.nick}: ${step.text}${step.replyTo === undefined ? '' : ` > ${step.replyTo}`}`
    : `${step.type} ${step.nick}`;
const shortened = (lines: readonly IrcLine[], max = membersMax): readonly string[] =>
  toScript('a', lines, max).steps.map(short);

describe('the script of a room', () => {
  test('lets in who comes, and who speaks without having come', () => {
    expect(shortened([tells(0, 'ann entered the room.'), says(1, 'ann'), says(2, 'bob'), says(3, 'bob')])).toEqual([
      'enter ann',
      'ann: line 1',
      'enter bob',
      'bob: line 2',
      'bob: line 3',
    ]);
  });

  test('lets go who leaves, and in again who comes back', () => {
    const lines = [says(0, 'ann'), tells(1, 'ann left the room (quit: bye).'), tells(2, 'ann entered the room.')];
    expect(shortened(lines)).toEqual(['enter ann', 'ann: line 0', 'leave ann', 'enter ann']);
  });

  test('knows other words for coming and going', () => {
    const lines = [tells(0, 'ann [~a@host]  has joined #room'), tells(1, 'ann [~a@host]  has left #room ["bye"]')];
    expect(shortened(lines)).toEqual(['enter ann', 'leave ann']);
  });

  test('ignores the leaving of someone who was never seen, and the coming of someone who is there', () => {
    const lines = [tells(0, 'eve left the room.'), says(1, 'ann'), tells(2, 'ann entered the room.')];
    expect(shortened(lines)).toEqual(['enter ann', 'ann: line 1']);
  });

  test('answers messages, and nothing else', () => {
    const lines = [tells(0, 'ann entered the room.'), says(1, 'ann'), says(4, 'ann', { replyTo: 1 })];
    const more = [says(5, 'ann', { replyTo: 0 }), says(6, 'ann', { replyTo: 3 })];
    expect(shortened([...lines, ...more]).slice(2)).toEqual(['ann: line 4 > 1', 'ann: line 5', 'ann: line 6']);
  });

  test('leaves out and counts what a chat has no word for', () => {
    const lines = [
      tells(0, 'ann is now known as anna.'),
      tells(1, '[+o ann] '),
      tells(2, 'has joined the wrong word'),
      says(3, 'ann', { text: '' }),
    ];
    const { steps, leftOut } = toScript('a', lines, membersMax);
    expect(steps).toEqual([]);
    expect(leftOut).toEqual({ renames: 1, otherSystemLines: 2, emptyMessages: 1, turnedAway: 0 });
  });

  test('turns away whom the room is too full for, until someone leaves', () => {
    const lines = [says(0, 'ann'), says(1, 'bob'), tells(2, 'ann left the room.'), says(3, 'bob')];
    expect(shortened(lines, 1)).toEqual(['enter ann', 'ann: line 0', 'leave ann', 'enter bob', 'bob: line 3']);
    expect(toScript('a', lines, 1).leftOut.turnedAway).toBe(1);
  });

  test('begins with its first line and spreads the lines of a minute over it', () => {
    const lines = [says(0, 'ann', { minute: 7 }), says(1, 'ann', { minute: 7 }), says(2, 'ann', { minute: 9 })];
    expect(toScript('a', lines, membersMax).steps.map(({ minute }) => minute)).toEqual([0, 0, 0.5, 2]);
  });
});

describe('the choice of rooms', () => {
  const roomOf = (room: string, messages: number): IrcLine[] =>
    Array.from({ length: messages }, (_, n) => ({ ...says(n, 'ann'), room }));
  const lines = [...roomOf('small', 2), ...roomOf('large', 9), ...roomOf('middle', 5)];
  const lengths = (rooms: number, messages: number) =>
    Object.fromEntries([...chooseRooms(lines, { rooms, messages })].map(([room, theirs]) => [room, theirs.length]));

  test('takes the busiest', () => {
    expect(lengths(2, 100)).toEqual({ large: 9, middle: 5 });
  });

  test('shares the messages among them, and what small ones leave among the others', () => {
    expect(lengths(3, 12)).toEqual({ small: 2, middle: 5, large: 5 });
    expect(lengths(3, 7)).toEqual({ small: 2, middle: 3, large: 2 });
  });

  test('ends a room before its first line too many, so that what happened in between still happens', () => {
    const [theirs = []] = chooseRooms([says(0, 'ann'), tells(1, 'bob entered the room.'), says(2, 'bob')], {
      rooms: 1,
      messages: 1,
    }).values();
    expect(theirs.map(({ n }) => n)).toEqual([0, 1]);
  });
});
