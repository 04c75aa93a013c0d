import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import type { ErrorCode } from './errors.ts';
import { PROBLEM_CODES } from './errors.ts';
import { ProblemSchema } from './problem.ts';
import { errorFrame, httpProblem, problem, refusalToError, type Refusal } from './refusals.ts';
import { ErrorFrameSchema } from './error-frame.ts';

const cases: readonly (readonly [Refusal, ErrorCode])[] = [
  [{ type: 'NoSuchConversation' }, 'no_such_conversation'],
  [{ type: 'NotAMember' }, 'not_a_member'],
  [{ type: 'Forbidden', reason: 'adding as owner' }, 'forbidden'],
  [{ type: 'InvalidConversation', reason: 'a direct chat has exactly one other member' }, 'bad_frame'],
  [{ type: 'TooManyMembers', max: 1024 }, 'conflict'],
  [{ type: 'IdempotencyMismatch' }, 'idempotency_mismatch'],
  [{ type: 'Overloaded', retryAfterMs: 100 }, 'overloaded'],
  [{ type: 'Unavailable', retryAfterMs: 100 }, 'unavailable'],
  [{ type: 'BadFrame', reason: 'body: is required' }, 'bad_frame'],
  [{ type: 'UnknownFrame', frameType: 'dance' }, 'unknown_frame'],
  [{ type: 'FrameTooLarge', bytesMax: 65_536 }, 'frame_too_large'],
  [{ type: 'BodyTooLarge', bytesMax: 16_384 }, 'body_too_large'],
  [{ type: 'NoSuchMessage' }, 'no_such_message'],
  [{ type: 'NoSuchUser' }, 'no_such_user'],
  [{ type: 'ClockAhead', serverTs: 5 }, 'clock_ahead'],
  [{ type: 'Conflict', reason: 'It changed meanwhile.' }, 'conflict'],
  [{ type: 'RateLimited', retryAfterMs: 20 }, 'rate_limited'],
  [{ type: 'Internal' }, 'internal'],
];

test.each(cases)('%j is told as %s, by frame and by problem document', (refusal, code) => {
  const error = refusalToError(refusal);
  expect(error.code).toBe(code);
  expect(Compile(ErrorFrameSchema).Errors(errorFrame(error))).toEqual([]);
  expect(Compile(ProblemSchema).Errors(problem(error, 'r1'))).toEqual([]);
});

test('says when to come back, and by what to correct the clock', () => {
  expect(refusalToError({ type: 'Overloaded', retryAfterMs: 100 })).toMatchObject({
    retry_after_ms: 100,
    retryable: true,
  });
  expect(refusalToError({ type: 'RateLimited', retryAfterMs: 20 })).toMatchObject({ retry_after_ms: 20 });
  expect(refusalToError({ type: 'ClockAhead', serverTs: 5 })).toMatchObject({ server_ts: 5, retryable: false });
});

test('an error frame takes only the ids of the frame it answers', () => {
  const frame = { type: 'send', ref: 'r', client_msg_id: 'c', conversation_id: 'd_1', body: 'secret' };
  expect(errorFrame(refusalToError({ type: 'NotAMember' }), frame)).toEqual({
    type: 'error',
    code: 'not_a_member',
    message: 'You are not a member of this conversation.',
    retryable: false,
    ref: 'r',
    client_msg_id: 'c',
    conversation_id: 'd_1',
  });
});

test('a problem document has the status of its code and what the refusal says', () => {
  expect(problem(refusalToError({ type: 'RateLimited', retryAfterMs: 20 }), 'r1')).toEqual({
    type: 'urn:parley:error:rate_limited',
    title: 'Too many requests.',
    status: 429,
    detail: 'Too many requests.',
    code: 'rate_limited',
    retryable: true,
    retry_after_ms: 20,
    request_id: 'r1',
  });
});

test.each(PROBLEM_CODES)('there is a problem document for %s without a refusal', (code) => {
  expect(Compile(ProblemSchema).Errors(httpProblem(code, 'r1'))).toEqual([]);
});
