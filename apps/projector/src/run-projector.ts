// The projections at work: each generation of each a reader of the log, all on the one runner.
import {
  conversations,
  recentHeadsFollower,
  runGenerations,
  timeline,
  type ConversationStore,
  type LiveGenerations,
  type OptionalReadModel,
  type RecentHeadsOf,
  type RunGenerationsDependencies,
  type TimelineStore,
} from '@parley/projections';

export interface ProjectorDependencies extends RunGenerationsDependencies {
  readonly timeline: LiveGenerations<TimelineStore>;
  readonly conversations: LiveGenerations<ConversationStore>;
  readonly optional?: readonly OptionalReadModel[];
  /** Where newest heads are kept besides. */
  readonly recentHeads?: RecentHeadsOf;
}

/** Runs until disposed. */
export function runProjector({
  timeline: rows,
  conversations: lists,
  optional = [],
  recentHeads,
  ...deps
}: ProjectorDependencies): AsyncDisposable {
  const running = new AsyncDisposableStack();
  running.use(runGenerations(timeline, rows, deps));
  const followerOf = recentHeads && ((number: number) => recentHeadsFollower(recentHeads(number), deps.world));
  running.use(runGenerations(conversations, lists, { ...deps, followerOf }));
  for (const { projection, live } of optional) running.use(runGenerations(projection, live, deps));
  return running;
}
