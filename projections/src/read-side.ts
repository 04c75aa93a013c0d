// The queries over stored read models and the log's tail, wired once for whoever answers clients.
import type { EventLog, World } from '@parley/domain';
import { createConversationList, type ConversationList } from './conversations/conversation-list.ts';
import { createConversationStates, type ConversationStates } from './conversations/conversation-states.ts';
import type { ConversationStore } from './conversations/conversations.ts';
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
  readonly timelineStore: TimelineStore;
  readonly conversationStore: ConversationStore;
}

export function createReadSide({ log, world, timelineStore, conversationStore }: ReadSideDependencies): ReadSide {
  const tail = createTail(log, world);
  const states = createConversationStates(log, conversationStore);
  return {
    states,
    timeline: createTimelineQueries({ log, tail, world, states, store: timelineStore }),
    conversations: createConversationList({ log, tail, world, store: conversationStore }),
  };
}
