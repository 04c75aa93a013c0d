// Short plays, each made to bring one kind of mistake to light. On a sound build none of them leaves an offence.
import { setTimeout as pause } from 'node:timers/promises';
import { loadOf, type Sizes } from './load.ts';
import type { Playing } from './play.ts';
import type { Fault } from './stage.ts';
import type { StandaloneStage } from './standalone-stage.ts';

export interface Scene {
  readonly sizes: Sizes;
  /** Played with the ages of ids and copies a twentieth of their length (`HASTY`). */
  readonly isHasty: boolean;
  readonly direct: (stage: StandaloneStage, playing: Playing) => Promise<void>;
}

const usual = loadOf({ clients: 12, sendsPerSecond: 60 });
const talkMs = 4_000;

/** Of `HASTY`, and some more. */
const forgottenMs = 8_000;

const faultNamed = (stage: StandaloneStage, name: string): Fault => {
  const fault = stage.faults.find((each) => each.name === name);
  if (!fault) throw new Error(`there is no fault "${name}"`);
  return fault;
};

export const SCENES = {
  talk: {
    sizes: { ...usual, perSecond: { ...usual.perSecond, say: 100, sayAndRead: 60 } },
    isHasty: false,
    direct: () => pause(talkMs),
  },
  removals: {
    sizes: { ...usual, perSecond: { ...usual.perSecond, changeMembers: 20 } },
    isHasty: false,
    direct: () => pause(talkMs),
  },
  kills: {
    sizes: usual,
    isHasty: false,
    async direct(stage, { inflict }) {
      for (const name of ['kill -9 nats-server', 'kill -9 everything']) {
        await pause(1_500);
        await inflict(faultNamed(stage, name));
      }
    },
  },
  'old ids': {
    sizes: { ...usual, sayAgainAfterMs: forgottenMs, perSecond: { ...usual.perSecond, sayAgain: 10 } },
    isHasty: true,
    direct: () => pause(forgottenMs + talkMs),
  },
  'late copies': {
    sizes: usual,
    isHasty: true,
    // What the gateway has published hangs in the network; it is cut off and publishes again; then the first copies arrive.
    async direct({ proxies: { log } }, { inflict }) {
      await pause(1_000);
      const copies: Fault = {
        name: 'copies to the log come late',
        group: 'gateway and log',
        async inflict() {
          log.shape({ passage: 'held' }, { connections: 'existing' });
          await pause(500);
          log.cutOff('client');
          await pause(forgottenMs);
        },
      };
      await inflict(copies);
    },
  },
} as const satisfies Record<string, Scene>;

export type SceneName = keyof typeof SCENES;
