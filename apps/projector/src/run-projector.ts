// The projections at work: each a reader of the log, all on the one runner.
import type { EventLog, World } from '@parley/domain';
import {
  conversations,
  projectionReader,
  runReader,
  timeline,
  type ConversationStore,
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
}

/** Runs until disposed. */
export function runProjector(deps: ProjectorDependencies): AsyncDisposable {
  const readers = new AsyncDisposableStack();
  readers.use(runReader(projectionReader(timeline, deps.timeline, deps), deps));
  readers.use(runReader(projectionReader(conversations, deps.conversations, deps), deps));
  return readers;
}
