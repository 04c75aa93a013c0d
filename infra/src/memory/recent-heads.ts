// Conversations' newest heads, for one process.
import type { ConversationId, Shard } from '@parley/domain';
import type { HeadsMark, RecentHead, RecentHeads, RecentHeadsOf } from '@parley/projections';
import { LRUCache } from 'lru-cache';

/** Of all generations. */
const headsMax = 100_000;

interface Kept {
  readonly era: string;
  readonly head: RecentHead;
}

export function createRecentHeads(): RecentHeadsOf {
  const kept = new LRUCache<string, Kept>({ max: headsMax });
  const marks = new Map<string, HeadsMark>();
  let eras = 0;

  return (generation): RecentHeads => {
    const markKey = (shard: Shard): string => `${generation} ${shard}`;
    const keyOf = (id: ConversationId): string => `${generation} ${id}`;

    function keep(era: string, heads: readonly RecentHead[]): void {
      for (const head of heads) {
        const key = keyOf(head.conversationId);
        const before = kept.get(key);
        if (before?.era === era && before.head.position >= head.position) continue;
        if (head.text === '') kept.delete(key);
        else kept.set(key, { era, head });
      }
    }

    return {
      async follow(shard, { after, upTo, heads }) {
        const before = marks.get(markKey(shard));
        const goesOn = before !== undefined && before.era === after?.era && before.position === after.position;
        const era = goesOn ? before.era : `${++eras}`;
        keep(era, heads);
        const mark = { era, position: upTo };
        marks.set(markKey(shard), mark);
        return mark;
      },
      async find(asked) {
        return new Map(
          [...asked].flatMap(([shard, ids]) => {
            const mark = marks.get(markKey(shard));
            if (!mark) return [];
            const heads = ids.flatMap((id) => kept.get(keyOf(id)) ?? []).filter(({ era }) => era === mark.era);
            return [[shard, { mark, heads: new Map(heads.map(({ head }) => [head.conversationId, head])) }]];
          }),
        );
      },
      async offer(shard, { era, upTo, heads }) {
        const mark = marks.get(markKey(shard));
        if (mark?.era === era && mark.position <= upTo) keep(era, heads);
      },
      async forget(_shard, ids) {
        for (const id of ids) kept.delete(keyOf(id));
      },
      async inspect(shard, ids) {
        const era = marks.get(markKey(shard))?.era;
        const found = ids.map((id) => [id, kept.get(keyOf(id))] as const);
        return new Map(
          found.flatMap(([id, one]) =>
            one ? [[id, { type: 'head', head: one.head, isOfThisEra: one.era === era }]] : [],
          ),
        );
      },
    };
  };
}
