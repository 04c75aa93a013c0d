// This gateway's sign of life. While it holds, delivery counts the sessions registered under it; when it lapsed, they were
// invisible for a while.
import type { GatewayId, SessionRegistry, World } from '@parley/domain';
import type { GatewayLogger } from '../dependencies.ts';
import { every } from '../every.ts';

/** Renewed each second, so that a clock that jumped (a laptop that wakes) leaves nobody silent for longer. */
const LEASE = { renewMs: 1_000, ttlMs: 30_000 } as const;

export interface LeaseOptions {
  readonly gatewayId: GatewayId;
  readonly registry: Pick<SessionRegistry, 'renewLease' | 'endLease'>;
  readonly world: World;
  readonly logger: GatewayLogger;
  readonly onLapsed: () => void;
}

/** Resolves once it is held. */
export async function keepLease({
  gatewayId,
  registry,
  world,
  logger,
  onLapsed,
}: LeaseOptions): Promise<AsyncDisposable> {
  const renew = (): Promise<boolean> => registry.renewLease(gatewayId, world.now() + LEASE.ttlMs);
  await renew(); // false: there was none before

  const renewing = every(world, LEASE.renewMs, async () => {
    try {
      if (!(await renew())) onLapsed();
    } catch (error) {
      // The next one tells whether the lease outlived this failure.
      logger.error({ err: error }, 'the lease cannot be renewed');
    }
  });

  return {
    async [Symbol.asyncDispose]() {
      renewing[Symbol.dispose]();
      await registry.endLease(gatewayId).catch((error: unknown) => {
        logger.warn({ err: error }, 'the lease ends by itself'); // within its TTL
      });
    },
  };
}
