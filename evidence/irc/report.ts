// What is printed at the end: a table of the rooms, what was done, what was compared, and every difference that was found. Pure.
import Table from 'cli-table3';
import type { Comparison } from './compare.ts';
import type { Findings, RoomFindings } from './judge.ts';
import type { LeftOut } from './script.ts';

const differencesShownMax = 20;

export interface Played {
  readonly users: number;
  readonly cutReaders: number;
  readonly cuts: number;
  readonly kills: number;
  readonly tookMs: number;
  readonly leftOut: readonly LeftOut[];
}

export function differencesIn({ rooms, offences }: Findings): readonly string[] {
  const inRooms = rooms.flatMap(({ views, script, pages, rows }) => [views, script, pages, rows]);
  return [...inRooms.flatMap(({ differences }) => differences), ...offences];
}

export function tellFindings(findings: Findings, played: Played): readonly string[] {
  const differences = differencesIn(findings);
  const unshown = differences.length - differencesShownMax;
  return [
    ...tableOf(findings.rooms).split('\n'),
    ...differences.slice(0, differencesShownMax).map((difference) => `DIFFERENCE ${difference}`),
    ...(unshown > 0 ? [`… and ${count(unshown)} more`] : []),
    ...closingLines(findings, played),
  ];
}

function tableOf(rooms: readonly RoomFindings[]): string {
  const head = ['room', 'members', 'messages', 'replies', 'came', 'left', 'cuts', 'observations', 'differences'];
  const table = new Table({
    head,
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  for (const room of rooms) {
    const found = [room.views, room.script, room.pages, room.rows];
    const counts = [room.members, room.messages, room.replies, room.comings, room.partings, room.cuts];
    const compared = [room.views.compared, sum(found, ({ differences }) => differences.length)];
    table.push([room.name, ...counts.map(count), ...compared.map(count)]);
  }
  return table.toString();
}

function closingLines(findings: Findings, played: Played): readonly string[] {
  const { rooms } = findings;
  const leftOut = (of: keyof LeftOut): string => count(sum(played.leftOut, (room) => room[of]));
  const messages = sum(rooms, (room) => room.messages);
  const seconds = played.tookMs / 1000;
  const total = (of: (room: RoomFindings) => Comparison): string =>
    `${count(sum(rooms, (room) => of(room).compared))} (${count(sum(rooms, (room) => of(room).differences.length))} different)`;
  return [
    `${count(messages)} messages in ${count(rooms.length)} rooms by ${count(played.users)} users in ${seconds.toFixed(0)} s, ` +
      `${(messages / seconds).toFixed(0)} a second, every one acked; ${count(played.cuts)} cuts of ${count(played.cutReaders)} readers, ${played.kills} kill -9 of everything`,
    `left out: ${leftOut('renames')} renames, ${leftOut('otherSystemLines')} other system lines, ${leftOut('emptyMessages')} empty messages, ${leftOut('turnedAway')} lines of whom the room was too full for`,
    `messages in the order of the script: ${total((room) => room.script)}; messages on pages: ${total((room) => room.pages)}; rows: ${total((room) => room.rows)}`,
    `${count(messages)} messages in ${count(rooms.length)} rooms, ${count(sum(rooms, (room) => room.members))} memberships; ` +
      `${count(sum(rooms, (room) => room.views.compared))} observations compared with the log: ${count(differencesIn(findings).length)} differences`,
  ];
}

const sum = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((total, value) => total + of(value), 0);

const count = (value: number): string => value.toLocaleString('en-US');
