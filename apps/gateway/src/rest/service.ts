// Every HTTP request from its arrival to its answer: origin, static pages, route, token, rate, body, handler.
import { parseRequest, refusalToError, routes, WEBSOCKET_PATH, type Route, type RouteName } from '@parley/protocol';
import type { UserId } from '@parley/domain';
import { isLoopbackHost, type OriginCheck } from '../auth/origins.ts';
import { failureToRefusal } from '../failures.ts';
import type { HttpAnswer, HttpRequest, HttpService } from '../http.ts';
import { bearerToken } from '../upgrade.ts';
import { errorAnswer, httpErrorAnswer } from './answer.ts';
import { bodyBytesMax, readJson } from './body.ts';
import { isRefused, type Call, type RestContext } from './call.ts';
import { corsHeaders, isPreflight, preflightAnswer } from './cors.ts';
import { REST_HANDLERS, type RestHandler } from './handlers.ts';
import type { Page } from './pages.ts';
import { createRates } from './rates.ts';
import { requestIdOf } from './request-id.ts';
import { matchRoute, type Match } from './router.ts';

export interface RestOptions {
  readonly context: RestContext;
  readonly isAllowedOrigin: OriginCheck;
  /** By path: answered to GET, by anyone. */
  readonly pages: ReadonlyMap<string, Page>;
}

export function createRest({ context, isAllowedOrigin, pages }: RestOptions): HttpService {
  const { world, config, limits } = context;
  const rates = createRates(limits, context.rates);

  async function answerOrFail(asked: Asked): Promise<HttpAnswer> {
    try {
      return await answerMatch(asked);
    } catch (error) {
      const { request, requestId } = asked;
      const refusal = failureToRefusal(context.logger, error, { during: request.path, requestId });
      return errorAnswer(refusalToError(refusal), requestId);
    }
  }

  async function answerMatch(asked: Asked): Promise<HttpAnswer> {
    const { match, request, requestId } = asked;
    if (isPreflight(request)) return preflightAnswer(methodsAt(match));
    if (request.path === WEBSOCKET_PATH) return withoutUpgrade(asked);
    const page = match.type === 'none' ? pages.get(request.path) : undefined;
    if (page) return request.method === 'GET' ? page(hostOf(request)) : otherMethod(requestId, ['GET']);
    if (match.type === 'none') return httpErrorAnswer('no_such_route', requestId);
    if (match.type === 'other-method') return otherMethod(requestId, match.allow);
    return answerRoute({ ...asked, match });
  }

  async function answerRoute(asked: AskedRoute): Promise<HttpAnswer> {
    const { match, request, requestId } = asked;
    const access = await admit(asked);
    if (access.type === 'refused') return access.answer;
    const body = await readJson(request.body, limits.frameBytesMax);
    if (isRefused(body)) return errorAnswer(refusalToError(body.refusal), requestId);
    const query = Object.fromEntries(new URLSearchParams(request.query));
    const parsed = parseRequest(match.name, { params: match.params, query, headers: request.headers, ...body }, limits);
    if (parsed.error) return errorAnswer(parsed.error, requestId);
    // Name, input and caller belong together; a union of names loses that.
    const handler = REST_HANDLERS[match.name] as RestHandler<RouteName>;
    const result = await handler({ context, input: parsed.ok, caller: access.caller } as Call<RouteName>);
    return isRefused(result) ? errorAnswer(refusalToError(result.refusal), requestId) : result;
  }

  async function admit({ match, request, requestId }: AskedRoute): Promise<Access> {
    const { access }: Route = routes[match.name];
    if (access === 'none') return { type: 'admitted' };
    if (access === 'loopback') return admitLoopback(request, requestId);
    const identity = await context.tokens.verify(bearerToken(request.headers['authorization'] ?? ''));
    if (!identity) return { type: 'refused', answer: httpErrorAnswer('unauthenticated', requestId) };
    const tooMany = config.rateLimits ? await rates.take(identity.userId, requestId) : undefined;
    return tooMany ? { type: 'refused', answer: tooMany } : { type: 'admitted', caller: identity.userId };
  }

  function admitLoopback(request: HttpRequest, requestId: string): Access {
    if (!config.devTokens) return { type: 'refused', answer: httpErrorAnswer('no_such_route', requestId) };
    if (comesFromHere(request) && isOriginOf(request)) return { type: 'admitted' };
    const error = refusalToError({ type: 'Forbidden', reason: 'only from the machine itself' });
    return { type: 'refused', answer: errorAnswer(error, requestId) };
  }

  const isOriginOf = ({ headers }: HttpRequest): boolean =>
    isAllowedOrigin(headers['origin'] ?? '', headers['host'] ?? '');

  return {
    bodyBytesMax: (method, path) => bodyBytesMax(matchRoute(method, path), limits),
    async answer(request) {
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      const match = matchRoute(method, request.path);
      const requestId = requestIdOf(request.headers, world);
      const asked = { request: { ...request, method }, requestId, match, startedTs: world.now() };
      const answering = answerOrFail(asked);
      context.inFlight.track(answering);
      const answer = await answering;
      observe(context, asked, answer);
      const cors = corsHeaders(request.headers['origin'] ?? '', isOriginOf(request));
      return { ...answer, headers: { ...answer.headers, ...cors, 'x-request-id': requestId } };
    },
  };
}

function observe({ observer, logger, world }: RestContext, asked: Asked, answer: HttpAnswer): void {
  const { match, startedTs, requestId } = asked;
  const route = match.type === 'route' ? match.name : 'other';
  const latencyMs = world.now() - startedTs;
  observer.httpAnswered(route, answer.status, latencyMs);
  logger.debug({ requestId, route, status: answer.status, latencyMs }, 'a request is answered');
}

interface Asked {
  readonly request: HttpRequest;
  readonly requestId: string;
  readonly match: Match;
  readonly startedTs: number;
}

type AskedRoute = Asked & { readonly match: Extract<Match, { type: 'route' }> };

type Access =
  | { readonly type: 'admitted'; readonly caller?: UserId }
  | { readonly type: 'refused'; readonly answer: HttpAnswer };

/** The Host header, where it is one. */
function hostOf({ headers }: HttpRequest): string {
  const host = headers['host'] ?? '';
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).host : 'localhost';
}

/** On the WebSocket's path, whoever does not ask for one (RFC 9110 §15.5.22). */
const withoutUpgrade = ({ request, requestId }: Asked): HttpAnswer =>
  request.method === 'GET'
    ? httpErrorAnswer('upgrade_required', requestId, { connection: 'Upgrade', upgrade: 'websocket' })
    : otherMethod(requestId, ['GET']);

const otherMethod = (requestId: string, allow: readonly string[]): HttpAnswer =>
  httpErrorAnswer('method_not_allowed', requestId, { allow: [...allow, 'OPTIONS'].join(', ') });

function methodsAt(match: Match): readonly string[] {
  if (match.type === 'other-method') return match.allow;
  return ['GET'];
}

/** A proxy on this machine speaks for others, and a page from elsewhere in a browser here does too. */
const comesFromHere = ({ isLoopback, headers }: HttpRequest): boolean =>
  isLoopback &&
  isLoopbackHost(headers['host'] ?? 'localhost') &&
  !('x-forwarded-for' in headers) &&
  !('forwarded' in headers);
