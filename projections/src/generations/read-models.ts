// All read models of a process: where a generation of each is stored, and each of them followed.
import type { ConversationStore } from '../conversations/conversations.ts';
import { conversations } from '../conversations/conversations.ts';
import type { FlatProjection, FlatRow, FlatStore } from '../flat/flat-projection.ts';
import { OPTIONAL_PROJECTIONS, type OptionalReadModel } from '../flat/optional-projections.ts';
import type { Head } from '../projection.ts';
import { timeline, type TimelineStore } from '../timeline/timeline.ts';
import type { ProjectionIdentity } from './generations.ts';
import { followGenerations, type FollowOptions, type LiveGenerations } from './live-generations.ts';

/** Opening the same generation twice gives two handles of one store. */
export interface ReadModelStores {
  timeline(generation: number): Promise<TimelineStore>;
  conversations(generation: number): Promise<ConversationStore>;
  flat<H extends Head, Row extends FlatRow>(
    projection: FlatProjection<H, Row>,
    generation: number,
  ): Promise<FlatStore<H, Row>>;
  /** Nobody here uses it any more: what is stored stays, for whoever has it open. */
  close?(projection: string, generation: number): Promise<void>;
}

export interface ReadModels {
  readonly timeline: LiveGenerations<TimelineStore>;
  readonly conversations: LiveGenerations<ConversationStore>;
  /** A worker's alone. */
  readonly optional: readonly OptionalReadModel[];
}

export interface FollowReadModelsOptions extends Pick<
  FollowOptions<unknown>,
  'registry' | 'world' | 'isWorker' | 'failed'
> {
  readonly stores: ReadModelStores;
  /** Names of those that are kept besides. */
  readonly optional: readonly string[];
  /** Ends what is begun here. */
  readonly parts: AsyncDisposableStack;
}

export async function followReadModels({
  stores,
  optional,
  parts,
  ...shared
}: FollowReadModelsOptions): Promise<ReadModels> {
  const follow = async <Store>(
    projection: ProjectionIdentity,
    open: (number: number) => Promise<Store>,
  ): Promise<LiveGenerations<Store>> => {
    const close = async (number: number): Promise<void> => stores.close?.(projection.name, number);
    return parts.use(await followGenerations({ ...shared, projection, open, close }));
  };
  const kept = OPTIONAL_PROJECTIONS.filter(({ name }) => shared.isWorker && optional.includes(name));
  return {
    timeline: await follow(timeline, (number) => stores.timeline(number)),
    conversations: await follow(conversations, (number) => stores.conversations(number)),
    optional: await Promise.all(
      kept.map(async (projection) => ({
        projection,
        live: await follow(projection, (number) => stores.flat(projection, number)),
      })),
    ),
  };
}
