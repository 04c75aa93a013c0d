// The projections at work: each a reader of the log, all on the one runner.
import type { EventLog, World } from '@parley/domain';
import {
  conversations,
  projectionReader,
  runReaders,
  timeline,
  type ConversationStore,
  type LeaseTerms,
  type ProjectionObserver,
  type RunnerObserver,
  type TimelineStore,
} from '@parley/projections';

export interface ProjectorDependencies {
  readonly log: EventLog;
  readonly world: World;
  readonly timeline: TimelineStore;
  readonly conversations: ConversationStore;
  readonly generation: number;
  readonly observer: RunnerObserver & ProjectionObserver;
  /** Absent: all shards are this process's own. */
  readonly lease?: LeaseTerms;
}

/** Runs until disposed. */
export function runProjector(deps: ProjectorDependencies): AsyncDisposable {
  const readers = [
    projectionReader(timeline, deps.timeline, deps),
    projectionReader(conversations, deps.conversations, deps),
  ];
  return runReaders(readers, deps);
}
