// Read models: pure folds and their queries, over ports. The only loop that reads the log is here (`runner.ts`).
export * from './coalesce.ts';
export * from './conversations/conversation-list.ts';
export * from './conversations/conversation-states.ts';
export * from './conversations/conversations.ts';
export * from './conversations/recent-heads.ts';
export * from './leased-shards.ts';
export * from './leases.ts';
export * from './projection.ts';
export * from './projection-reader.ts';
export * from './read-side.ts';
export * from './runner.ts';
export * from './shared-reads.ts';
export * from './tail.ts';
export * from './timeline/page.ts';
export * from './timeline/timeline.ts';
export * from './timeline/timeline-view.ts';
