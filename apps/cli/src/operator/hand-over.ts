// From whoever rebuilds to the workers: they fold the new generation from where it is, until it is as far as the one that serves.
import { allShards, type Position, type Shard } from '@parley/domain';
import type { Call } from './operate.ts';

const HAND_OVER = {
  lookMs: 200,
  /** Workers that have not folded one event for so long are not there. */
  silenceMsMax: 60_000,
} as const;

interface Stored {
  checkpoint(shard: Shard): Promise<Position>;
}

/** A new generation, and the one that serves: as far as that is, workers have to come with it. */
interface HandedOver extends Pick<Call<object>, 'system' | 'signal'> {
  readonly number: number;
  readonly store: Stored;
  readonly serving: { readonly store: Stored };
}

/**
 * Resolves with the number of events that the new generation holds by then, whoever folded them. Rejects when no worker takes it; when
 * they are there again, the same command goes on here.
 */
export async function handOver(work: HandedOver, show: (line: string) => void): Promise<number> {
  const { system, signal, number, serving, store } = work;
  const { world, log } = system;
  const shards = allShards(log.shards);
  let heardTs = world.now();
  let least = Infinity;
  for (;;) {
    signal.throwIfAborted();
    // The serving one first: what it folds meanwhile, the new one may fold later.
    const wanted = await checkpoints(serving.store, shards);
    const reached = await checkpoints(store, shards);
    const behind = shards.reduce((sum, shard) => sum + Math.max(0, (wanted[shard] ?? 0) - (reached[shard] ?? 0)), 0);
    if (behind === 0) return reached.reduce((sum, position) => sum + position, 0);
    if (behind < least) [least, heardTs] = [behind, world.now()];
    if (world.now() - heardTs > HAND_OVER.silenceMsMax) throw new NoWorkers(number);
    show(`${behind} events behind`);
    await world.sleep(HAND_OVER.lookMs, signal);
  }
}

class NoWorkers extends Error {
  override readonly name = 'NoWorkers';

  constructor(number: number) {
    super(`no worker folds generation ${number}: is a projector running? The same command goes on from here`);
  }
}

const checkpoints = (store: Stored, shards: readonly Shard[]): Promise<readonly Position[]> =>
  Promise.all(shards.map((shard) => store.checkpoint(shard)));
