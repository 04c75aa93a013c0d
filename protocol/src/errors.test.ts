import { expect, test } from 'vitest';
import { CLOSE, errorRow, ERROR_CODES, HTTP_ERRORS, mayComeBack, PROBLEM_CODES } from './errors.ts';

// PROTOCOL.md "Error codes" and "Close codes", spelled out.
const contractCodes =
  'bad_frame unknown_frame frame_too_large body_too_large not_a_member no_such_conversation no_such_message no_such_user forbidden blocked ' +
  'suspended challenge_required idempotency_mismatch clock_ahead conflict rate_limited overloaded unavailable internal';

test('the table has exactly the codes of the contract', () => {
  expect([...ERROR_CODES].toSorted()).toEqual(contractCodes.split(' ').toSorted());
});

test('every row has a status of a failure and a sentence', () => {
  for (const code of PROBLEM_CODES) {
    const { httpStatus, text } = errorRow(code);
    expect(httpStatus, code).toBeGreaterThanOrEqual(400);
    expect(httpStatus, code).toBeLessThan(600);
    expect(text, code).toMatch(/^[A-Z].*\.$/);
  }
});

test('what the server could not do may be tried again, what the client did wrong may not', () => {
  const retryable = ERROR_CODES.filter((code) => errorRow(code).retryable);
  expect(retryable).toEqual(['rate_limited', 'overloaded', 'unavailable', 'internal']);
});

test('no code of HTTP alone is also a code of frames', () => {
  expect(ERROR_CODES.filter((code) => code in HTTP_ERRORS)).toEqual([]);
});

test('the close codes are those of the contract', () => {
  const codes = Object.fromEntries(Object.entries(CLOSE).map(([name, { code }]) => [name, code]));
  expect(codes).toEqual({
    unauthenticated: 4001,
    protocolError: 4002,
    suspended: 4003,
    tooManySessions: 4004,
    superseded: 4005,
    draining: 4100,
    slowConsumer: 4101,
    overloaded: 4102,
    heartbeatMissed: 4103,
  });
});

test('whether to come back follows from the number of a close code', () => {
  for (const { code, comeBack } of Object.values(CLOSE)) expect(mayComeBack(code)).toBe(comeBack === 'back-off');
  expect(mayComeBack(1006)).toBe(true);
});

test('a close reason fits into a close frame', () => {
  for (const { reason } of Object.values(CLOSE)) expect(reason.length).toBeLessThanOrEqual(123);
});
