import { expect, test } from 'vitest';
import { nanosToMs, rfc3339ToMs } from './timestamps.ts';

test('both spellings of one moment are the same millisecond', () => {
  for (const [text, nanos] of [
    ['2027-01-15T08:00:00Z', '1800000000000000000'],
    ['2027-01-15T08:00:00.1Z', '1800000000100000000'],
    ['2027-01-15T08:00:00.123Z', '1800000000123000000'],
    ['2027-01-15T08:00:00.123999999Z', '1800000000123999999'],
    ['2027-01-15T09:00:00.000999+01:00', '1800000000000999000'],
  ] as const) {
    expect(rfc3339ToMs(text)).toBe(nanosToMs(nanos));
  }
});
