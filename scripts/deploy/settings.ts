// What the configuration knows and a deployment has to agree with.
import { CONFIG_KEYS } from '@parley/infra/config';

/** The processes of a fleet, and where their program is in the image. */
export const ROLES = ['gateway', 'delivery', 'projector'] as const;
export type FleetRole = (typeof ROLES)[number];
export const mainOf = (role: FleetRole): string => `apps/${role}/src/main.ts`;

/** Where containers listen: what the chart, compose and the balancer say has to be this. */
export const PORTS = { clients: 8080, admin: 9464 } as const;

const known = new Set(CONFIG_KEYS.filter(({ scope }) => scope !== 'standalone').map(({ key }) => key));

/** Of these variables of the environment those of ours that a fleet's process would refuse. */
export const unknownKeys = (keys: readonly string[]): readonly string[] =>
  keys.filter((key) => key.startsWith('PARLEY_') && !known.has(key) && !known.has(key.replace(/_FILE$/, '')));
