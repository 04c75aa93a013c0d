// Delivery at work: the runner over every shard, and a heartbeat.
import type { EventLog, World } from '@parley/domain';
import { runReader, type RunnerObserver } from '@parley/projections';
import { createDelivery, DELIVERY, type DeliveryDependencies } from './delivery.ts';

export interface RunDeliveryDependencies extends DeliveryDependencies {
  readonly log: EventLog;
  readonly world: World;
  readonly observer: RunnerObserver & { beatFailed(error: unknown): void };
}

/** Runs until disposed; the last thing it does is to store how far it came. */
export function runDelivery(deps: RunDeliveryDependencies): AsyncDisposable {
  const delivery = createDelivery(deps);
  const running = runReader(delivery.reader, deps);
  const stop = new AbortController();
  const beat = (): Promise<void> => delivery.beat().catch((error: unknown) => deps.observer.beatFailed(error));

  const beating = (async () => {
    while (!stop.signal.aborted) {
      const { isUnderWay } = delivery;
      await beat();
      await deps.world.sleep(isUnderWay ? DELIVERY.heartbeatMs : DELIVERY.firstBeatsMs, stop.signal);
    }
  })();

  return {
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      stop.abort();
      await beating;
      await beat();
    },
  };
}
