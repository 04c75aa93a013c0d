// Conversations' newest heads, for a fleet, in Redis or Valkey: a key each, and one for the mark of their shard, all of a shard in one
// slot, so that one script or one MGET sees them as of one moment, and a fail-over takes back all or nothing of a step
// (docs/adr/0010-recent-heads.md). The keys of an epoch of the log and of a generation are its own; they go by themselves.
import type { ConversationId, Shard, World } from '@parley/domain';
import { StoreUnavailable, type InspectedHead, type RecentHead, type RecentHeadsOf } from '@parley/projections';
import { Calls } from './calls.ts';
import type { RedisPartOptions } from './leases.ts';
import { followHeads, offerHeads, parseFound, parseHead, parseMark } from './recent-heads-form.ts';

const HEADS = {
  /** Of a conversation in which nothing happens for so long the rows are asked; a list that did so brings it back. */
  ttlMs: 24 * 3_600_000,
  /** Neither a list nor a fold waits longer for Redis … */
  answerMsMax: 200,
  /** … and for so long after that it is not asked again. */
  pauseMs: 1_000,
} as const;

export interface RedisRecentHeadsOptions extends RedisPartOptions {
  readonly world: Pick<World, 'now' | 'schedule' | 'uuid'>;
  readonly logEpoch: number;
}

export function createRecentHeads(options: RedisRecentHeadsOptions): RecentHeadsOf {
  const { connection, world, logEpoch, namespace = 'parley' } = options;
  const { client, answered } = connection;
  const failure = StoreUnavailable;
  const calls = new Calls(world, { failure, timeoutMs: HEADS.answerMsMax, answered });
  const patientCalls = new Calls(world, { failure, answered });
  let askAgainTs = 0;

  async function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    if (world.now() < askAgainTs) throw new StoreUnavailable('Redis did not answer a moment ago');
    try {
      return await calls.call(question);
    } catch (error) {
      askAgainTs = world.now() + HEADS.pauseMs;
      throw error;
    }
  }

  return (generation) => {
    const markKey = (shard: Shard): string => `${namespace}:head:{e${logEpoch}.g${generation}.s${shard}}`;
    const keyOf = (shard: Shard, id: ConversationId): string => `${markKey(shard)}:${id}`;
    /** The mark's first. */
    const keysOf = (shard: Shard, ids: readonly ConversationId[]): readonly [string, ...string[]] => [
      markKey(shard),
      ...ids.map((id) => keyOf(shard, id)),
    ];
    const idsOf = (heads: readonly RecentHead[]) => heads.map(({ conversationId }) => conversationId);
    const cells = (heads: readonly RecentHead[]) => heads.flatMap(({ position, text }) => [position, text]);

    return {
      async follow(shard, { after, upTo, heads }) {
        const keys = keysOf(shard, idsOf(heads));
        const expected = after === undefined ? '' : `${after.era} ${after.position}`;
        const terms = [HEADS.ttlMs, expected, world.uuid(), upTo, ...cells(heads)];
        const era = await ask(() => client.eval(followHeads, keys.length, ...keys, ...terms));
        return { era: String(era), position: upTo };
      },

      async find(asked) {
        const shards = [...asked];
        const values = await ask(() => Promise.all(shards.map(([shard, ids]) => client.mget(...keysOf(shard, ids)))));
        const found = shards.map(([shard, ids], index) => [shard, parseFound(ids, values[index] ?? [])] as const);
        return new Map(found.flatMap(([shard, heads]) => (heads === undefined ? [] : [[shard, heads]])));
      },

      async offer(shard, { era, upTo, heads }) {
        const keys = keysOf(shard, idsOf(heads));
        await ask(() => client.eval(offerHeads, keys.length, ...keys, HEADS.ttlMs, era, upTo, ...cells(heads)));
      },

      async forget(shard, conversationIds) {
        const keys = conversationIds.map((id) => keyOf(shard, id));
        if (keys.length > 0) await patientCalls.call(() => client.del(...keys));
      },

      async inspect(shard, conversationIds) {
        const keys = keysOf(shard, conversationIds);
        const [mark, ...values] = await patientCalls.call(() =>
          Promise.all(keys.map((key) => client.get(key).catch(typed))),
        );
        const era = typeof mark === 'string' ? parseMark(mark)?.era : undefined;
        const inspected = conversationIds.map((id, index) => [id, inspect(id, values[index] ?? null, era)] as const);
        return new Map(inspected.flatMap(([id, one]) => (one === undefined ? [] : [[id, one]])));
      },
    };
  };
}

const ANOTHER_TYPE = Symbol('a key that holds no text');

/** GET of such a key is refused; nothing else is told here. */
function typed(error: unknown): typeof ANOTHER_TYPE {
  if (String(error).includes('WRONGTYPE')) return ANOTHER_TYPE;
  throw error;
}

function inspect(
  id: ConversationId,
  value: string | null | typeof ANOTHER_TYPE,
  era: string | undefined,
): InspectedHead | undefined {
  if (value === null) return undefined;
  if (value === ANOTHER_TYPE) return { type: 'unreadable', found: 'a key that holds no text' };
  const parsed = parseHead(id, value);
  if (parsed === undefined) return { type: 'unreadable', found: value.slice(0, inspectedCharsMax) };
  return { type: 'head', head: parsed.head, isOfThisEra: parsed.era === era };
}

const inspectedCharsMax = 80;
