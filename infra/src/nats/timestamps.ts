// The server's clock reaches us in two spellings: RFC 3339 with nanoseconds, and nanoseconds since the epoch. Both are cut to
// the millisecond alike, so that every path judges an event's not-after by the same number.
import type { TimestampMs } from '@parley/domain';

const WITH_FRACTION = /^([^.]+)\.(\d+)(.*)$/;

export function rfc3339ToMs(text: string): TimestampMs {
  const [, seconds, fraction = '', zone = ''] = WITH_FRACTION.exec(text) ?? [];
  if (seconds === undefined) return Date.parse(text);
  return Date.parse(seconds + zone) + Number(fraction.padEnd(3, '0').slice(0, 3));
}

/** Nanoseconds do not fit a double: the last six digits are cut as text. */
export const nanosToMs = (nanos: string): TimestampMs => Number(nanos.slice(0, -6));
