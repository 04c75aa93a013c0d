// The servers of a cluster on one machine: three nats-servers, one Valkey, one or three Cassandra nodes. All on loopback.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROLES, serverConfig, type NatsUser } from '@parley/infra/nats';
import { freePort } from '@parley/infra/runtime';
import type { MemberPlan } from './member.ts';
import { probeCassandra, probeHttp, probeRedis } from './probes.ts';

export interface Machine {
  /** Where everything is kept. */
  readonly folder: string;
  /** What every process gets: PATH and the like, nothing that configures us. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface Servers {
  readonly plans: readonly MemberPlan[];
  /** Where clients find them. */
  readonly urls: readonly string[];
}

const logFile = ({ folder }: Machine, name: string): string => path.join(folder, 'log', `${name}.log`);

export async function planRedis(machine: Machine, program: string): Promise<Servers> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const keepsNothing = ['--save', '', '--appendonly', 'no'];
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', machine.folder, ...keepsNothing];
  const plan: MemberPlan = {
    name: 'redis',
    kind: 'redis',
    address: url,
    command: [program, ...args],
    environment: machine.environment,
    logFile: logFile(machine, 'redis'),
    probe: () => probeRedis(port),
  };
  return { plans: [plan], urls: [url] };
}

/** Where each of three nodes begins on the ring, evenly; without it they would take turns to join. */
const tokensOfThree = ['-9223372036854775808', '-3074457345618258603', '3074457345618258602'];

/** Rejects, with what to do, on a machine that cannot run it. */
export async function planCassandra(machine: Machine, script: string, nodes: 1 | 3): Promise<Servers> {
  const fetching = spawn(script, ['fetch'], { stdio: ['ignore', 'ignore', 'inherit'], env: machine.environment });
  const [code] = (await once(fetching, 'exit')) as [number | null];
  if (code !== 0)
    throw new Error('there is no Cassandra (see above); PARLEY_CASSANDRA_CONTACT_POINTS names one that runs');
  const [cqlPort, storagePort] = [await freePort(), await freePort()];
  const addresses = Array.from({ length: nodes }, (_, index) => `127.0.0.${index + 1}`);
  const seeds = addresses.map((address) => `${address}:${storagePort}`).join(',');
  const plans = addresses.map((address, index): MemberPlan => {
    const name = `cassandra-${index + 1}`;
    const joining = nodes === 1 ? '' : `initial_token: ${tokensOfThree[index]}\nauto_bootstrap: false`;
    return {
      name,
      kind: 'cassandra',
      address: `${address}:${cqlPort}`,
      command: [script, 'run', path.join(machine.folder, name)],
      environment: {
        ...machine.environment,
        CASSANDRA_ADDRESS: address,
        CASSANDRA_CQL_PORT: `${cqlPort}`,
        CASSANDRA_STORAGE_PORT: `${storagePort}`,
        CASSANDRA_SEEDS: seeds,
        CASSANDRA_HEAP_MIB: nodes === 1 ? '1024' : '700',
        CASSANDRA_RING_DELAY_MS: nodes === 1 ? '100' : '1000',
        CASSANDRA_YAML: joining,
      },
      logFile: logFile(machine, name),
      probe: () => probeCassandra(address, cqlPort),
    };
  });
  return { plans, urls: addresses.map((address) => `${address}:${cqlPort}`) };
}

export interface NatsServers extends Servers {
  /** Each user's password, new at each start. */
  readonly passwords: ReadonlyMap<NatsUser, string>;
}

/** With the users and permissions of a deployment. */
export async function planNats(machine: Machine, program: string, shards: number): Promise<NatsServers> {
  const names = ['nats-1', 'nats-2', 'nats-3'];
  const members = await Promise.all(
    names.map(async (name) => ({ name, port: await freePort(), route: await freePort(), monitor: await freePort() })),
  );
  const routes = members.map(({ route }) => `nats://127.0.0.1:${route}`);
  const passwords = new Map<NatsUser, string>();
  for (const user of [...ROLES, 'system'] as const) passwords.set(user, randomBytes(16).toString('hex'));
  const plans = await Promise.all(
    members.map(async ({ name, port, route, monitor }): Promise<MemberPlan> => {
      const folder = path.join(machine.folder, name);
      await mkdir(folder, { recursive: true });
      const file = path.join(folder, 'nats-server.conf');
      const config = serverConfig({
        name,
        listen: `127.0.0.1:${port}`,
        monitor: `127.0.0.1:${monitor}`,
        storeDirectory: path.join(folder, 'log'),
        cluster: { listen: `127.0.0.1:${route}`, routes, advertises: false }, // each is named to everybody
        users: { shards, password: (user) => passwords.get(user) ?? '' },
      });
      await writeFile(file, config, { mode: ownerOnly });
      return {
        name,
        kind: 'nats',
        address: `nats://127.0.0.1:${port}`,
        command: [program, '-c', file],
        environment: machine.environment,
        logFile: logFile(machine, name),
        probe: () => probeHttp(`http://127.0.0.1:${monitor}/healthz`),
      };
    }),
  );
  return { plans, passwords, urls: plans.map(({ address }) => address) };
}

const ownerOnly = 0o600;
