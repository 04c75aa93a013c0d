// The read models there are, by the names operators use.
import {
  conversations,
  OPTIONAL_PROJECTIONS,
  timeline,
  type ConversationHead,
  type Head,
  type MembershipRow,
  type OpenGeneration,
  type FullStore,
  type ProjectionGenerations,
  type ReadModelStores,
  type TimelineHead,
  type TimelineRow,
  type VerifiableProjection,
} from '@parley/projections';
import { WrongUsage } from './operate.ts';
import { recentHeadsBesides, type Besides } from './recent-heads.ts';
import type { System } from './system.ts';

export interface ReadModel<H extends Head, Row> {
  readonly projection: VerifiableProjection<H, Row>;
  open(stores: ReadModelStores, generation: number): Promise<FullStore<H, Row>>;
  /** Undefined where nothing is kept of it besides its store. Rejects when that cannot be reached. */
  besides?(system: System, generation: OpenGeneration<FullStore<H, Row>>): Promise<Besides | undefined>;
}

const timelineModel: ReadModel<TimelineHead, TimelineRow> = {
  projection: timeline,
  open: (stores, generation) => stores.timeline(generation),
};

const conversationsModel: ReadModel<ConversationHead, MembershipRow> = {
  projection: conversations,
  open: (stores, generation) => stores.conversations(generation),
  besides: recentHeadsBesides,
};

export const READ_MODEL_NAMES = [timeline, conversations, ...OPTIONAL_PROJECTIONS].map(({ name }) => name);

/** Those that workers keep, or kept once. */
export async function registeredReadModels(system: Pick<System, 'registry'>): Promise<readonly string[]> {
  const optional = await Promise.all(
    OPTIONAL_PROJECTIONS.map(async ({ name }) => ((await system.registry.load(name)) ? name : [])),
  );
  return [timeline.name, conversations.name, ...optional.flat()];
}

/** Whatever is done with a read model, whatever its heads and rows are. */
export type UseReadModel<Result> = <H extends Head, Row>(model: ReadModel<H, Row>) => Result;

/** Throws WrongUsage when there is none of this name. */
export function withReadModel<Result>(name: string, use: UseReadModel<Result>): Result {
  if (name === timeline.name) return use(timelineModel);
  if (name === conversations.name) return use(conversationsModel);
  const optional = OPTIONAL_PROJECTIONS.find((projection) => projection.name === name);
  if (optional) {
    return use({ projection: optional, open: (stores, generation) => stores.flat(optional, generation) });
  }
  return noSuchProjection(name);
}

function noSuchProjection(name: string): never {
  throw new WrongUsage(`there is no projection ${name}, only ${READ_MODEL_NAMES.join(', ')}`);
}

/** Throws WrongUsage when no worker has registered one: nothing ever ran. */
export async function generationsOf(
  { registry }: Pick<System, 'registry'>,
  name: string,
): Promise<ProjectionGenerations> {
  const record = await registry.load(name);
  if (record) return record;
  if (!READ_MODEL_NAMES.includes(name)) noSuchProjection(name);
  const isOptional = OPTIONAL_PROJECTIONS.some((projection) => projection.name === name);
  const how = isOptional ? ` with PARLEY_PROJECTIONS=${name}` : '';
  throw new WrongUsage(`no worker keeps ${name} yet: start a standalone or a projector${how}`);
}
