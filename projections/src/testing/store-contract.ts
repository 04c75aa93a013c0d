// What suites of stores have in common: how they open one, and where they write.
import { position, type ConversationId, type Shard } from '@parley/domain';
import type { Batch, FullStore, Head, VerifiableProjection } from '../projection.ts';

/** A new, empty store for each call. */
export type OpenStore<Store> = () => Promise<OpenedStore<Store>>;

export interface OpenedStore<Store> extends AsyncDisposable {
  readonly store: Store;
  /** What a process finds that opens it once this one is done with it. */
  reopen(): Promise<Store>;
}

export interface StoreContract<H extends Head, Row, Store extends FullStore<H, Row>> {
  readonly open: OpenStore<Store>;
  readonly projection: VerifiableProjection<H, Row>;
  /** Examples of each property: fewer where opening a store takes long. */
  readonly runs: number;
  /** Everything the store holds besides heads and checkpoints, in a fixed order. */
  readonly rowsIn: (store: Store) => Promise<readonly Row[]>;
}

export const contractRunsPreset = 60;

export const shard = 0 as Shard;
export const otherShard = 15 as Shard;
export const unknownId = 'nobody' as ConversationId;

export const batchAt = (at: number): Batch<never, never> => ({
  rows: [],
  heads: [],
  parked: [],
  checkpoint: position(at),
});
