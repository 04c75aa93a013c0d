import { describeConversationStore, describeTimelineStore } from '@parley/projections/contracts';
import { createMemoryConversations, createMemoryTimeline } from './stores.ts';

/** Nothing is kept, so who opens it again finds the same object. */
const opened = <Store>(store: Store) => ({ store, reopen: async () => store, [Symbol.asyncDispose]: async () => {} });

describeTimelineStore('memory', async () => opened(createMemoryTimeline()));
describeConversationStore('memory', async () => opened(createMemoryConversations()));
