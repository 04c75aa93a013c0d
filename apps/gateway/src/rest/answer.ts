// Answers: JSON, nothing, or an RFC 9457 problem document.
import {
  httpProblem,
  problem,
  PROBLEM_MEDIA_TYPE,
  type HttpErrorCode,
  type Problem,
  type WireError,
} from '@parley/protocol';
import type { HttpAnswer } from '../http.ts';

export const jsonAnswer = (status: number, value: object): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

export const noContent: HttpAnswer = { status: 204, headers: {} };

export const errorAnswer = (error: WireError, requestId: string): HttpAnswer =>
  problemAnswer(problem(error, requestId));

export function httpErrorAnswer(
  code: HttpErrorCode,
  requestId: string,
  headers: HttpAnswer['headers'] = {},
): HttpAnswer {
  const answer = problemAnswer(httpProblem(code, requestId));
  // RFC 6750 §3: a 401 names the scheme.
  const challenge = code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {};
  return { ...answer, headers: { ...answer.headers, ...challenge, ...headers } };
}

const problemAnswer = (document: Problem): HttpAnswer => ({
  status: document.status,
  headers: { 'content-type': PROBLEM_MEDIA_TYPE, ...retryAfter(document) },
  body: JSON.stringify(document),
});

/** Seconds, rounded up: never too early. */
const retryAfter = ({ retry_after_ms: ms }: Problem): HttpAnswer['headers'] =>
  ms === undefined ? {} : { 'retry-after': String(Math.ceil(ms / 1000)) };
