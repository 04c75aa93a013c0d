// How operators say when: a position of the log, a time, or how long ago.
import {
  parsePosition,
  type EventLog,
  type Position,
  type Shard,
  type StoredEvent,
  type TimestampMs,
} from '@parley/domain';
import { WrongUsage } from './operate.ts';

export type Moment =
  | { readonly type: 'position'; readonly position: Position }
  | { readonly type: 'time'; readonly ts: TimestampMs };

const AGO = /^(\d{1,6})(s|m|h|d)$/;
const MS_OF = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `2026-11-22T09:00Z`, or `90s`, `15m`, `2h`, `3d` ago. Throws WrongUsage. */
export function parseTime(text: string, now: TimestampMs, orElse = ''): TimestampMs {
  const [, count, unit] = AGO.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * MS_OF[unit as keyof typeof MS_OF];
  const ts = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(ts)) return ts;
  throw new WrongUsage(`"${text}" is no time: write ${orElse}2026-11-22T09:00:00Z, or 15m, 2h, 3d for so long ago`);
}

/** A whole number is a position. Throws WrongUsage. */
export function parseMoment(text: string, now: TimestampMs): Moment {
  const position = parsePosition(text);
  return position === undefined
    ? { type: 'time', ts: parseTime(text, now, 'a position or ') }
    : { type: 'position', position };
}

/** Whether it had been stored by then. */
export const isBy = ({ position, storedTs }: Pick<StoredEvent, 'position' | 'storedTs'>, moment: Moment): boolean =>
  moment.type === 'position' ? position <= moment.position : storedTs <= moment.ts;

/** The last position before everything that was stored at or after this time, in about log2(events) requests. */
export async function positionBefore(log: EventLog, shard: Shard, ts: TimestampMs): Promise<Position> {
  let [before, upTo]: [number, number] = [0, await log.head(shard)];
  while (before < upTo) {
    const middle = Math.floor((before + upTo) / 2) + 1;
    const stored = await nextAt(log, shard, { from: middle, upTo });
    if (stored !== undefined && stored.storedTs < ts) before = stored.position;
    else upTo = middle - 1;
  }
  return before as Position;
}

/** An event may have been erased: then the one after it. */
async function nextAt(
  log: EventLog,
  shard: Shard,
  { from, upTo }: { readonly from: number; readonly upTo: number },
): Promise<StoredEvent | undefined> {
  for (let at = from; at <= upTo; at++) {
    const stored = await log.readOne(shard, at as Position);
    if (stored !== undefined) return stored;
  }
  return undefined;
}
