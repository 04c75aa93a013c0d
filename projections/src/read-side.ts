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
  readonly observer?: StatesObserver;
}

export function createReadSide({ log, world, timeline, conversations, observer }: ReadSideDependencies): ReadSide {
  const tail = createTail(log, world);
  const snapshots = { heads: (ids: readonly ConversationId[]) => conversations.serving().store.heads(ids) };
  const states = createConversationStates(log, snapshots, observer);
  const timelineNow = ofServing(timeline, (store) => createTimelineQueries({ log, tail, world, states, store }));
  const listNow = ofServing(conversations, (store) => createConversationList({ log, tail, world, store }));
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
  create: (store: Store) => Queries,
): () => Queries {
  let made: { readonly store: Store; readonly queries: Queries } | undefined;
  return () => {
    const { store } = live.serving();
    if (made?.store !== store) made = { store, queries: create(store) };
    return made.queries;
  };
}
