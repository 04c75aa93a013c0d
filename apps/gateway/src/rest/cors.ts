// CORS (https://fetch.spec.whatwg.org/#http-cors-protocol): the same list of origins as for the WebSocket. Tokens travel in
// a header, never in a cookie, so no credentials are allowed.
import type { HttpAnswer, HttpRequest } from '../http.ts';

const exposed = 'Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id';
const allowedHeaders = 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Parley-Session, X-Request-Id';
const preflightSeconds = '600';

/** For every answer. `Vary` also where the origin is refused: a cache must not mix them up. */
export function corsHeaders(origin: string, isAllowed: boolean): HttpAnswer['headers'] {
  if (origin === '' || !isAllowed) return { vary: 'Origin' };
  return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed };
}

export const isPreflight = ({ method, headers }: HttpRequest): boolean =>
  method === 'OPTIONS' && 'access-control-request-method' in headers;

export const preflightAnswer = (methods: readonly string[]): HttpAnswer => ({
  status: 204,
  headers: {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': allowedHeaders,
    'access-control-max-age': preflightSeconds,
  },
});
