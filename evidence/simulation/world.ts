// A process's world in virtual time: its clock a little off, its timers gone with it.
import type { World } from '@parley/domain';
import type { VirtualTime } from '@parley/infra/simulated-nats';
import type { Chance } from './chance.ts';

export interface WorldOptions {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly offsetMs: number;
  readonly isAlive: () => boolean;
}

export function createWorld({ time, chance, offsetMs, isAlive }: WorldOptions): World {
  const now = (): number => Math.round(time.now() + offsetMs);
  const schedule: World['schedule'] = (delayMs, task) =>
    time.schedule(delayMs, () => {
      if (isAlive()) task();
    });
  return {
    now,
    schedule,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = schedule(delayMs, resolve);
        signal?.addEventListener('abort', () => {
          timer[Symbol.dispose]();
          resolve();
        });
      }),
    random: () => chance.number(),
    uuid: () => chance.uuid(7, now()),
  };
}
