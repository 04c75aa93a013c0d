// How long to wait before the next attempt (PROTOCOL "Connecting"): pure, the random number is handed in.
import { LIMITS } from '@parley/protocol';

const { reconnectFirstMsMin, reconnectFirstMsMax, reconnectMsMax } = LIMITS;

/**
 * The first pause is random between two bounds, so that a fleet that lost its server does not come back at once; later ones
 * have full jitter under a bound that doubles. `failures` counts from 0, `random` is uniform in [0, 1).
 */
export function reconnectPauseMs(failures: number, random: number): number {
  if (failures === 0) return reconnectFirstMsMin + random * (reconnectFirstMsMax - reconnectFirstMsMin);
  return random * Math.min(reconnectMsMax, reconnectFirstMsMax * 2 ** failures);
}

const retryMsMin = 200;

/** Pause before a refused or failed request is repeated on a connection that stands. */
export function retryPauseMs(failures: number, random: number): number {
  return Math.min(reconnectMsMax, retryMsMin * 2 ** failures) * (0.5 + random / 2);
}
