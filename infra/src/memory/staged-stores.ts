// A store in memory that is written as Cassandra is: row by row, then heads, then the checkpoint, each step a call of its own.
// Whoever makes the calls may stop between any two of them, and others read meanwhile what has been written so far.
import { NO_POSITION } from '@parley/domain';
import type { Batch, Head, ProjectionStore } from '@parley/projections';

/** Carries out one call to the store, some time, if whoever makes it lives to see it. */
export type Call = <Result>(run: () => Promise<Result>) => Promise<Result>;

const nothing = { rows: [], heads: [], parked: [], checkpoint: NO_POSITION } as const;

export function stagedStore<H extends Head, Row, Store extends ProjectionStore<H, Row>>(
  store: Store,
  call: Call,
): Store {
  const write: Store['write'] = async (shard, batch: Batch<H, Row>) => {
    await Promise.all(batch.rows.map((row) => call(() => store.write(shard, { ...nothing, rows: [row] }))));
    await Promise.all(batch.heads.map((head) => call(() => store.write(shard, { ...nothing, heads: [head] }))));
    await call(() => store.write(shard, { ...nothing, parked: batch.parked, checkpoint: batch.checkpoint }));
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write;
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== 'function') return found;
      return (...given: readonly unknown[]) => call(async () => Reflect.apply(found, target, given) as unknown);
    },
  });
}
