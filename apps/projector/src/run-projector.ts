// The projections at work: each generation of each a reader of the log, all on the one runner.
import {
  conversations,
  runGenerations,
  timeline,
  type ConversationStore,
  type LiveGenerations,
  type OptionalReadModel,
  type RunGenerationsDependencies,
  type TimelineStore,
} from '@parley/projections';

export interface ProjectorDependencies extends RunGenerationsDependencies {
  readonly timeline: LiveGenerations<TimelineStore>;
  readonly conversations: LiveGenerations<ConversationStore>;
  readonly optional?: readonly OptionalReadModel[];
}

/** Runs until disposed. */
export function runProjector({
  timeline: rows,
  conversations: lists,
  optional = [],
  ...deps
}: ProjectorDependencies): AsyncDisposable {
  const running = new AsyncDisposableStack();
  running.use(runGenerations(timeline, rows, deps));
  running.use(runGenerations(conversations, lists, deps));
  for (const { projection, live } of optional) running.use(runGenerations(projection, live, deps));
  return running;
}
