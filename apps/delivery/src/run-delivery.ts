// Delivery at work: the runner over the shards that are this worker's, and a heartbeat.
import type { EventLog, World } from '@parley/domain';
import { runReader, type LeaseTerms, type LogReader, type RunnerObserver } from '@parley/projections';
import { createDelivery, DELIVERY, type DeliveryDependencies } from './delivery.ts';

export interface RunDeliveryDependencies extends Omit<DeliveryDependencies, 'onBegun'> {
  readonly log: EventLog;
  readonly world: World;
  readonly observer: RunnerObserver & { beatFailed(error: unknown): void };
  /** Absent: all shards are this process's own. */
  readonly lease?: LeaseTerms;
}

/** Runs until disposed; the last thing it does is to store how far it came. */
export function runDelivery(deps: RunDeliveryDependencies): AsyncDisposable {
  const beatFailed = (error: unknown): void => deps.observer.beatFailed(error);
  const stop = new AbortController();
  let waiting = new AbortController();
  const delivery = createDelivery({ ...deps, onBegun: () => waiting.abort() });
  const reader: LogReader = { ...delivery.reader, leave: (shard) => delivery.leave(shard).catch(beatFailed) };
  const running = runReader(reader, deps);

  const beating = (async () => {
    while (!stop.signal.aborted) {
      waiting = new AbortController();
      const { signal } = waiting;
      await delivery.beat().catch(beatFailed);
      await deps.world.sleep(DELIVERY.heartbeatMs, signal);
      if (signal.aborted && !stop.signal.aborted) await deps.world.sleep(DELIVERY.firstBeatMs);
    }
  })();

  return {
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      stop.abort();
      waiting.abort();
      await beating;
    },
  };
}
