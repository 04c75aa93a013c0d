// A gateway judges by its own clock what the log stamps with another: too far apart, what it acks could be void (ADR 6).
import { ACCEPTANCE, type World } from '@parley/domain';
import type { GatewayLogger, ReadinessProbe } from './dependencies.ts';
import { every } from './every.ts';

const checkMs = 5_000;

export interface ClockCheck extends Disposable {
  readonly notReady: ReadinessProbe;
}

export interface ClockCheckOptions {
  /** How far this process's clock is ahead of the log's; rejects when the log cannot be asked. */
  readonly skewMs: () => Promise<number>;
  readonly world: World;
  readonly logger: GatewayLogger;
}

/** Resolves when it has looked once. While the log cannot be asked, what was seen last holds. */
export async function checkClock({ skewMs, world, logger }: ClockCheckOptions): Promise<ClockCheck> {
  let seenMs = 0;

  async function look(): Promise<void> {
    try {
      seenMs = await skewMs();
    } catch (error) {
      logger.warn({ err: error }, "the log's clock cannot be asked");
    }
  }

  await look();
  const looking = every(world, checkMs, look);
  return {
    notReady: () =>
      Math.abs(seenMs) > ACCEPTANCE.clockSkewMsMax
        ? `this clock is ${Math.round(seenMs)} ms off the log's: set it by NTP`
        : undefined,
    [Symbol.dispose]: () => looking[Symbol.dispose](),
  };
}
