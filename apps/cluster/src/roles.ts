// Parley's own processes in a cluster: which there are, and what each is told.
import path from 'node:path';
import { freePort } from '@parley/infra/runtime';
import type { MemberPlan } from './member.ts';
import { probeHttp } from './probes.ts';
import type { Machine } from './servers.ts';

export type Role = 'gateway' | 'delivery' | 'projector';

export interface RoleOptions {
  readonly machine: Machine;
  /** The fleet's part of the configuration, the same for all of a role. */
  readonly settings: NodeJS.ProcessEnv;
  /** Of the first gateway; the next ones follow it. */
  readonly gatewayPort: number;
}

const mainOf = (role: Role): string => path.resolve(import.meta.dirname, '..', '..', role, 'src', 'main.ts');

/** The `number`th process of a role, from 1. */
export async function planRole(role: Role, number: number, options: RoleOptions): Promise<MemberPlan> {
  const { machine, settings, gatewayPort } = options;
  const name = `${role}-${number}`;
  const adminPort = await freePort();
  const admin = `http://127.0.0.1:${adminPort}`;
  const port = gatewayPort === 0 ? await freePort() : gatewayPort + number - 1;
  return {
    name,
    kind: role,
    address: role === 'gateway' ? `http://127.0.0.1:${port}` : admin,
    command: [process.execPath, mainOf(role)],
    environment: {
      ...machine.environment,
      ...settings,
      PARLEY_ADMIN_PORT: `${adminPort}`,
      ...(role === 'gateway' ? { PARLEY_PORT: `${port}` } : {}),
    },
    logFile: path.join(machine.folder, 'log', `${name}.log`),
    probe: () => probeHttp(`${admin}/readyz`),
  };
}
