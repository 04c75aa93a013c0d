// The live path's end: delivery's batches in, frames to sockets, and what is done when something may have been missed.
//
// Why no event falls between a socket and its marks: a session is in the registry before its `hello`. An event whose
// sessions delivery looked up after that comes here, live. One looked up before was stored before the `hello`, so before
// any `resume` of this socket arrived; `resume` reads heads that were asked for after it arrived, so it finds that event.
// A hole in between shows in the marks, and makes every session resume.
import type { DeliveryBatch, GatewayBus, GatewayId, SessionRegistry, World } from '@parley/domain';
import { coalesce } from '@parley/projections';
import type { GatewayLogger, GatewayObserver, ResyncReason } from '../dependencies.ts';
import { inBackground } from '../failures.ts';
import { encodeOnce } from '../formats.ts';
import type { Sessions } from '../sessions.ts';
import { fanOut } from './fan-out.ts';
import { keepLease } from './lease.ts';
import { Marks } from './marks.ts';

export interface LiveOptions {
  readonly gatewayId: GatewayId;
  readonly logEpoch: number;
  readonly shards: number;
  readonly bus: GatewayBus;
  readonly registry: SessionRegistry;
  readonly sessions: Sessions;
  readonly world: World;
  readonly logger: GatewayLogger;
  readonly observer: GatewayObserver;
}

export interface Live extends AsyncDisposable {
  /** Why no socket may be opened yet. */
  notReady(): string | undefined;
}

/** Between two attempts to register again: without it sessions would be told to resume, and miss what follows. */
const registerRetryMs = 500;

export async function startLive(options: LiveOptions): Promise<Live> {
  const { bus, gatewayId, world, sessions, logger } = options;
  const marks = new Marks(options.shards);
  const stop = new AbortController();

  const resync = coalesce(async (reason: ResyncReason) => {
    await registerUntilDone();
    const all = sessions.all();
    logger.warn({ reason, sessions: all.length }, 'something may have been missed: sessions resume');
    options.observer.resynced(reason, all.length);
    const encoded = encodeOnce({ type: 'resync' });
    for (const session of all) session.sendEncoded(encoded);
  });

  const recover = (reason: ResyncReason): void => inBackground(logger, resync(reason), 'resync');

  async function registerUntilDone(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        return await sessions.registerAll();
      } catch (error) {
        logger.error({ err: error }, 'sessions cannot be registered again');
        await world.sleep(registerRetryMs, stop.signal);
      }
    }
  }

  function onBatch(batch: DeliveryBatch): void {
    if (batch.epoch !== options.logEpoch) {
      return logger.warn({ batch: { ...batch, deliveries: undefined } }, 'a batch of another log epoch is ignored');
    }
    const mark = marks.at(batch);
    const verdict = marks.take(batch);
    if (verdict === 'repeat') return;
    for (const delivery of batch.deliveries) {
      if (mark === undefined || delivery.position > mark) fanOut(options, delivery);
    }
    if (verdict !== 'hole') return;
    options.observer.batchHole(batch.shard);
    recover('hole');
  }

  const lease = await keepLease({ ...options, onLapsed: () => recover('lease-lapsed') });
  const subscription = bus.subscribe(gatewayId, {
    batch: onBatch,
    endSession: (end) => sessions.end(end),
    interrupted: () => recover('interrupted'),
  });

  return {
    notReady: () => (marks.isComplete ? undefined : 'delivery has not reached every shard yet'),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await subscription[Symbol.asyncDispose]();
      await lease[Symbol.asyncDispose]();
    },
  };
}
