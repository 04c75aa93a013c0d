// Conversations' newest heads, for a fleet, in Redis or Valkey: a key each, so that a Cluster spreads them, asked for together.
import { parsePosition, type ConversationId, type World } from '@parley/domain';
import { StoreUnavailable, type RecentHead, type RecentHeads } from '@parley/projections';
import { Calls } from './calls.ts';
import type { RedisPartOptions } from './leases.ts';

/** Of a conversation in which nothing happens any more the rows are asked. */
const ttlMs = 7 * 24 * 3_600_000;

/** Keeps the higher; positions are safe integers, which Lua's numbers hold exactly. */
const raise = `
  local kept = redis.call('GET', KEYS[1])
  if kept and tonumber(string.match(kept, '^%d+')) >= tonumber(ARGV[1]) then return end
  redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])`;

export interface RedisRecentHeadsOptions extends RedisPartOptions {
  readonly world: Pick<World, 'schedule'>;
}

export function createRecentHeads(options: RedisRecentHeadsOptions): RecentHeads {
  const { connection, world, namespace = 'parley' } = options;
  const { client } = connection;
  const calls = new Calls(world, { failure: StoreUnavailable, answered: connection.answered });
  const keyOf = (id: ConversationId): string => `${namespace}:head:{${id}}`;

  return {
    async raise(heads) {
      await calls.call(() =>
        Promise.all(
          heads.map(({ conversationId, position, text }) =>
            client.eval(raise, 1, keyOf(conversationId), position, text, ttlMs),
          ),
        ),
      );
    },
    async find(conversationIds) {
      // Not MGET, which a Cluster refuses for keys of several slots: the client sends these together, to each node its own.
      const values = await calls.call(() => Promise.all(conversationIds.map((id) => client.get(keyOf(id)))));
      const found = conversationIds.map((id, index) => parseHead(id, values[index]));
      return new Map(found.filter((head) => head !== undefined).map((head) => [head.conversationId, head]));
    },
  };
}

function parseHead(conversationId: ConversationId, value: string | null | undefined): RecentHead | undefined {
  const end = value?.indexOf(' ') ?? -1;
  const position = parsePosition(value?.slice(0, Math.max(0, end)) ?? '');
  return position === undefined || !value ? undefined : { conversationId, position, text: value.slice(end + 1) };
}
