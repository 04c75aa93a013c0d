// Every request has an id, in the answer and in the log.
import type { World } from '@parley/domain';

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The caller's own id where it has one that may stand in a log line; else a new one. */
export function requestIdOf(headers: Readonly<Record<string, string>>, world: Pick<World, 'uuid'>): string {
  const given = headers['x-request-id'] ?? '';
  return REQUEST_ID.test(given) ? given : world.uuid();
}
