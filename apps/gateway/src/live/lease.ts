// This gateway's sign of life. While it holds, delivery counts the sessions registered under it; when it lapsed, they were
// invisible for a while.
import type { GatewayId, SessionRegistry, World } from '@parley/domain';
import type { GatewayLogger } from '../dependencies.ts';
import { every } from '../every.ts';

const LEASE = {
  /** A look, so that a registry that was wiped, or a laptop that slept, leaves nobody silent for longer. */
  lookMs: 1_000,
  /** Looks until the lease is written again: counted, not timed, for clocks jump. */
  looksPerRenewal: 10,
  ttlMs: 30_000,
} as const;

export interface LeaseOptions {
  readonly gatewayId: GatewayId;
  readonly registry: Pick<SessionRegistry, 'renewLease' | 'holdsLease' | 'endLease'>;
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
  let looks = 0;

  async function look(): Promise<void> {
    looks += 1;
    const isHeld = await registry.holdsLease(gatewayId);
    if (isHeld && looks < LEASE.looksPerRenewal) return;
    const wasHeld = await renew();
    looks = 0; // after a failure the next look tries again
    if (!isHeld || !wasHeld) onLapsed();
  }

  const looking = every(world, LEASE.lookMs, async () => {
    try {
      await look();
    } catch (error) {
      // The next one tells whether the lease outlived this failure.
      logger.error({ err: error }, 'the lease cannot be renewed');
    }
  });

  return {
    async [Symbol.asyncDispose]() {
      looking[Symbol.dispose]();
      await registry.endLease(gatewayId).catch((error: unknown) => {
        logger.warn({ err: error }, 'the lease ends by itself'); // within its TTL
      });
    },
  };
}
