// What must happen at once in one user's hash, as Lua: each names one key, so all of it works on a Cluster.
import type { TimestampMs } from '@parley/domain';
import type { RedisClient } from './client.ts';
import { sessionValue } from './keys.ts';
import type { OwnSession } from './own-sessions.ts';

/** Removes from one user's hash the very values that were seen: a session registered again meanwhile has another one. */
export const removeValues = `
  local entries = redis.call('HGETALL', KEYS[1])
  local unwanted = {}
  for _, value in ipairs(ARGV) do unwanted[value] = true end
  for i = 1, #entries, 2 do
    if unwanted[entries[i + 1]] then redis.call('HDEL', KEYS[1], entries[i]) end
  end`;

/**
 * Writes a session and tells of all the user's: hash, session id, value before and after its time, time it arrived or '', now,
 * time to live. Times are in milliseconds. Arrivals rise although gateways' clocks differ.
 */
const register = `
  local entries = redis.call('HGETALL', KEYS[1])
  local arrived, before = tonumber(ARGV[5]), false
  for i = 1, #entries, 2 do
    local theirs = tonumber(string.match(entries[i + 1], '^%S+ %S+ (%d+)')) or 0
    if entries[i] == ARGV[1] then before = theirs
    elseif theirs >= arrived then arrived = theirs + 1 end
  end
  arrived = string.format('%.0f', tonumber(ARGV[4]) or before or arrived)
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. arrived .. ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  return {arrived, entries}`;

export interface Written {
  readonly arrivedTs: TimestampMs;
  /** What was in the hash before: session ids and values. */
  readonly values: readonly (readonly [sessionId: string, value: string])[];
}

export interface Writing {
  readonly entry: OwnSession;
  readonly number: number;
  readonly now: TimestampMs;
  readonly ttlMs: number;
}

export async function registerSession(client: RedisClient, key: string, writing: Writing): Promise<Written> {
  const { entry, number, now, ttlMs } = writing;
  const [before = '', after = ''] = sessionValue(entry, number, timeHere).split(timeHere);
  const place = [entry.arrivedTs ?? '', Math.floor(now), ttlMs];
  const answer = await client.eval(register, 1, key, entry.sessionId, before, after, ...place);
  const [arrivedTs, entries] = answer as [string, string[]];
  return { arrivedTs: Number(arrivedTs), values: pairs(entries) };
}

/** In no id. */
const timeHere = '\0';

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (let at = 0; at < flat.length; at += 2) found.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return found;
}
