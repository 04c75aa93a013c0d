// What a handler threw, as what the client is told: the world's failures are "unavailable", ours are "internal" and logged.
import { LogUnavailable, RegistryUnavailable } from '@parley/domain';
import { StoreUnavailable } from '@parley/projections';
import type { Refusal } from '@parley/protocol';
import { IssuerUnavailable } from './auth/issuer-unavailable.ts';
import type { GatewayLogger } from './dependencies.ts';

/** When to try again after a failure of which nothing more is known. */
const unavailableRetryMs = 500;

const failuresOfTheWorld = [LogUnavailable, StoreUnavailable, RegistryUnavailable, IssuerUnavailable];

export const isUnavailable = (error: unknown): boolean =>
  failuresOfTheWorld.some((failure) => error instanceof failure);

/** What failed, and for whom: the session of a frame, the request of a call. */
interface FailedWork {
  readonly during: string;
  readonly sessionId?: string;
  readonly requestId?: string;
}

/** For work nobody waits for: it answers for its own failures, so one that comes here is a broken invariant. */
export function inBackground(logger: GatewayLogger, work: Promise<unknown>, name: string): void {
  work.catch((error: unknown) => logger.error({ err: error, during: name }, 'background work failed'));
}

export function failureToRefusal(logger: GatewayLogger, error: unknown, where: FailedWork): Refusal {
  if (isUnavailable(error)) {
    logger.warn({ err: error, ...where }, 'unavailable');
    const retryAfterMs = error instanceof IssuerUnavailable ? error.retryAfterMs : unavailableRetryMs;
    return { type: 'Unavailable', retryAfterMs };
  }
  logger.error({ err: error, ...where }, 'a handler failed');
  return { type: 'Internal' };
}
