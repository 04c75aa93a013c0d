// Stores for this package's own tests: the promises of ProjectionStore over maps, with a hook to fail. The in-memory adapter
// (`infra/memory`) keeps the same contract, but lies above this package.
import {
  NO_POSITION,
  type ConversationId,
  type Position,
  type Shard,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import {
  conversations,
  type ConversationHead,
  type ConversationStore,
  type MembershipRow,
} from '../conversations/conversations.ts';
import { projectionReader, type ProjectionObserver } from '../projection-reader.ts';
import {
  BEING_REFOLDED,
  comparePlaces,
  type Batch,
  type FullStore,
  type Head,
  type ParkedConversation,
  type Projection,
  type ProjectionStore,
  type RefoldRequest,
  type RowPlace,
  type VerifiableProjection,
} from '../projection.ts';
import {
  isClientMessage,
  isInRange,
  timeline,
  type TimelineHead,
  type TimelineRow,
  type TimelineStore,
} from '../timeline/timeline.ts';

export type StoreCall =
  | Exclude<keyof ProjectionStore<Head, unknown>, 'drop'>
  | 'refoldsAsked'
  | 'clearForRefold'
  | 'finishRefold';

interface Contents<H extends Head, Row> {
  readonly checkpoint: Position;
  readonly heads: Map<ConversationId, H>;
  readonly rows: Row[];
  readonly parked: ParkedConversation[];
}

export type TestStore<H extends Head, Row> = FullStore<H, Row> & {
  /** What one shard holds; rows in the order in which they were first written. */
  contents(): Contents<H, Row>;
};

/** Of one shard. Rows of one place are the same, the later one stays; what `before` throws, the call throws. */
export function createTestStore<H extends Head, Row>(
  projection: Pick<VerifiableProjection<H, Row>, 'place'>,
  before: (call: StoreCall) => void | Promise<void> = () => undefined,
): TestStore<H, Row> {
  const placeOf = (row: Row): RowPlace => projection.place(row);
  let checkpoint = 0;
  const heads = new Map<ConversationId, H>();
  const rows = new Map<string, Row>();
  const parked = new Map<ConversationId, ParkedConversation>();
  const asked = new Map<ConversationId, RefoldRequest>();
  const keyOf = (row: Row): string => {
    const { conversationId, position, key } = placeOf(row);
    return `${conversationId} ${key ?? position}`;
  };
  const rowsOf = (id: ConversationId): readonly Row[] =>
    [...rows.values()]
      .filter((row) => placeOf(row).conversationId === id)
      .toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)));

  function apply(batch: Batch<H, Row>): void {
    for (const row of batch.rows) rows.set(keyOf(row), row);
    for (const head of batch.heads) {
      if ((heads.get(head.conversationId)?.position ?? 0) < head.position) heads.set(head.conversationId, head);
    }
    for (const one of batch.parked) if (!parked.has(one.conversationId)) parked.set(one.conversationId, one);
    checkpoint = Math.max(checkpoint, batch.checkpoint);
  }

  return {
    contents: () => ({
      checkpoint: checkpoint as Position,
      heads: new Map(heads),
      rows: [...rows.values()],
      parked: [...parked.values()],
    }),
    async checkpoint() {
      await before('checkpoint');
      return checkpoint as Position;
    },
    async heads(conversationIds) {
      await before('heads');
      const found = conversationIds.flatMap((id) => heads.get(id) ?? []);
      return new Map(found.map((head) => [head.conversationId, head]));
    },
    async parked() {
      await before('parked');
      return [...parked.values()];
    },
    async write(_shard, batch) {
      await before('write');
      apply(batch);
    },
    async drop() {
      heads.clear();
      rows.clear();
      parked.clear();
      asked.clear();
      checkpoint = 0;
    },
    async askRefolds(requests) {
      for (const request of requests) asked.set(request.conversationId, request);
    },
    async refoldsAsked() {
      await before('refoldsAsked');
      return [...asked.values()];
    },
    async clearForRefold(_shard, conversationIds) {
      await before('clearForRefold');
      for (const conversationId of conversationIds) {
        for (const row of rowsOf(conversationId)) rows.delete(keyOf(row));
        heads.delete(conversationId);
        parked.set(conversationId, { conversationId, position: NO_POSITION, reason: BEING_REFOLDED });
      }
    },
    async finishRefold({ conversationId }, outcome) {
      await before('finishRefold');
      parked.delete(conversationId);
      if (outcome.parked) parked.set(conversationId, outcome.parked);
      asked.delete(conversationId);
    },
    async *conversationIds() {
      yield [...new Set([...heads.keys(), ...[...rows.values()].map((row) => placeOf(row).conversationId)])];
    },
    async *rows(_shard, conversationIds) {
      for (const id of conversationIds) yield { rows: rowsOf(id), flaws: [] };
    },
  };
}

export function createTestTimeline(
  before?: (call: StoreCall) => void,
): TimelineStore & TestStore<TimelineHead, TimelineRow> {
  const store = createTestStore<TimelineHead, TimelineRow>(timeline, before);
  const rowsOf = (id: ConversationId) => store.contents().rows.filter(({ stored }) => stored.conversationId === id);
  return {
    ...store,
    async range(conversationId, range) {
      const rows = rowsOf(conversationId).filter((row) => isInRange(row, range));
      const sign = range.order === 'oldest-first' ? 1 : -1;
      return rows.toSorted((a, b) => sign * (a.stored.position - b.stored.position)).slice(0, range.limit);
    },
    async byClientMessageId(key) {
      return rowsOf(key.conversationId).find((row) => isClientMessage(row, key));
    },
  };
}

export function createTestConversations(): ConversationStore & TestStore<ConversationHead, MembershipRow> {
  const store = createTestStore<ConversationHead, MembershipRow>(conversations);
  return {
    ...store,
    async membershipsOf(userId: UserId) {
      return store.contents().rows.filter((row) => row.userId === userId);
    },
  };
}

const silent: ProjectionObserver = {
  parked: () => undefined,
  passedOver: () => undefined,
  voided: () => undefined,
};

/** Brings a store from its checkpoint to these events' end, as a projector would. */
export async function project<H extends Head, Row>(
  projection: Projection<H, Row>,
  store: ProjectionStore<H, Row>,
  events: readonly StoredEvent[],
): Promise<void> {
  const reader = projectionReader(projection, store, { generation: 1, observer: silent });
  const checkpoint = await reader.checkpoint(0 as Shard);
  const missing = events.slice(checkpoint);
  if (missing.length > 0) await reader.apply(0 as Shard, missing);
}
