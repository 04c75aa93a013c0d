// The queries over stored read models and the log's tail, wired once for whoever answers clients. Each answer comes from the
// generation that serves when it is asked for, from one alone.
import type { ConversationId, EventLog, World } from '@parley/domain';
import { createConversationList, type ConversationList } from './conversations/conversation-list.ts';
import {
  createConversationStates,
  type ConversationStates,
  type StatesObserver,
} from './conversations/conversation-states.ts';
import type { ConversationStore } from './conversations/conversations.ts';
import type { RecentHeadsOf } from './conversations/recent-heads.ts';
import type { LiveGenerations } from './generations/live-generations.ts';
import { createTail } from './tail.ts';
import { createTimelineQueries, type TimelineQueries } from './timeline/timeline-view.ts';
import type { TimelineStore } from './timeline/timeline.ts';

export interface ReadSide {
  readonly states: ConversationStates;
  readonly timeline: TimelineQueries;
  readonly conversations: ConversationList;
}

export interface ReadSideDependencies {
  readonly log: EventLog;
  readonly world: World;
  readonly timeline: Pick<LiveGenerations<TimelineStore>, 'serving'>;
  readonly conversations: Pick<LiveGenerations<ConversationStore>, 'serving'>;
  /** Where heads are found faster than in the rows. */
  readonly recentHeads?: RecentHeadsOf;
  readonly observer?: StatesObserver;
}

export function createReadSide(deps: ReadSideDependencies): ReadSide {
  const { log, world, timeline, conversations, recentHeads, observer } = deps;
  const tail = createTail(log, world);
  const snapshots = { heads: (ids: readonly ConversationId[]) => conversations.serving().store.heads(ids) };
  const states = createConversationStates(log, snapshots, observer);
  const timelineNow = ofServing(timeline, (store) => createTimelineQueries({ log, tail, world, states, store }));
  const listNow = ofServing(conversations, (store, generation) =>
    createConversationList({ log, tail, world, store, recent: recentHeads?.(generation) }),
  );
  return {
    states,
    timeline: {
      view: (id) => timelineNow().view(id),
      page: (id, read) => timelineNow().page(id, read),
      views: (ids) => timelineNow().views(ids),
      byClientMessageId: (key) => timelineNow().byClientMessageId(key),
      previous: (at) => timelineNow().previous(at),
    },
    conversations: { ofUser: (userId) => listNow().ofUser(userId) },
  };
}

/** The queries over whatever serves when they are asked for, made once for each store. */
function ofServing<Store, Queries>(
  live: Pick<LiveGenerations<Store>, 'serving'>,
  create: (store: Store, generation: number) => Queries,
): () => Queries {
  let made: { readonly store: Store; readonly queries: Queries } | undefined;
  return () => {
    const { store, number } = live.serving();
    if (made?.store !== store) made = { store, queries: create(store, number) };
    return made.queries;
  };
}
