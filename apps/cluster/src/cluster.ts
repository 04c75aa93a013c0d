// A whole fleet on one machine: its servers, then the deployment, then Parley's processes; and down again in reverse order.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { keptSecret } from '@parley/infra/config';
import { lockDataDirectory } from '@parley/infra/nats';
import { endLeftovers, recordProcesses } from './leftovers.ts';
import { Member, type MemberPlan, type MemberReport } from './member.ts';
import { planRole, type Role } from './roles.ts';
import { planCassandra, planNats, planRedis, type Machine, type Servers } from './servers.ts';
import { setUp } from './set-up.ts';

export interface ClusterOptions {
  /** Logs, data and secrets; the same folder again goes on with the same data. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly programs: { readonly natsServer: string; readonly redisServer: string; readonly cassandra: string };
  /** Servers that run already are used instead of own ones. */
  readonly running: { readonly nats?: string; readonly redis?: string; readonly cassandra?: string };
  readonly cassandraNodes: 1 | 3;
  readonly shards: number;
  readonly counts: Readonly<Record<Role, number>>;
  /** Of the first gateway; 0: free ones. */
  readonly gatewayPort: number;
  /** More of the roles' configuration. */
  readonly settings?: NodeJS.ProcessEnv;
  readonly report: (report: MemberReport) => void;
}

export interface Cluster extends AsyncDisposable {
  readonly members: readonly Member[];
  readonly gatewayUrls: readonly string[];
  /** The configuration of its roles, for tools that look into it. */
  readonly settings: NodeJS.ProcessEnv;
}

const readyMsMax = 120_000;

/** Resolves when every process is ready. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder } = options;
  await mkdir(path.join(folder, 'log'), { recursive: true });
  await using starting = new AsyncDisposableStack();
  starting.use(await lockDataDirectory(folder));
  await endLeftovers(folder);
  const members: Member[] = [];
  let recording = Promise.resolve();

  function heard(report: MemberReport): void {
    options.report(report);
    const identities = () => members.flatMap(({ identity }) => identity ?? []);
    if (report.type === 'started') recording = recording.then(() => recordProcesses(folder, identities()));
  }

  async function launch(plans: readonly MemberPlan[]): Promise<void> {
    const launched = plans.map((plan) => new Member(plan, heard));
    members.push(...launched);
    starting.defer(async () => void (await Promise.all(launched.map((member) => member.stop()))));
    for (const member of launched) member.start();
    await Promise.all(launched.map((member) => untilReady(member)));
    await recording;
  }

  const { plans, settings } = await planServers(options);
  await launch(plans);
  await setUp({ ...options.environment, ...settings }, path.join(folder, 'log', 'set-up.log'));
  const machine: Machine = options;
  for (const role of ['projector', 'delivery', 'gateway'] as const) {
    const numbers = Array.from({ length: options.counts[role] }, (_, index) => index + 1);
    const { gatewayPort } = options;
    await launch(
      await Promise.all(numbers.map((number) => planRole(role, number, { machine, settings, gatewayPort }))),
    );
  }
  const running = starting.move();
  return {
    members,
    settings,
    gatewayUrls: members.filter(({ plan }) => plan.kind === 'gateway').map(({ plan }) => plan.address),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function planServers(options: ClusterOptions) {
  const { programs, running, shards, cassandraNodes, folder } = options;
  const nats = used(running.nats) ?? (await planNats(options, programs.natsServer));
  const redis = used(running.redis) ?? (await planRedis(options, programs.redisServer));
  const cassandra = used(running.cassandra) ?? (await planCassandra(options, programs.cassandra, cassandraNodes));
  const settings = {
    PARLEY_NATS_URL: nats.urls.join(','),
    PARLEY_REDIS_URL: redis.urls.join(','),
    PARLEY_CASSANDRA_CONTACT_POINTS: cassandra.urls.join(','),
    PARLEY_CASSANDRA_REPLICAS: `${cassandraNodes}`,
    PARLEY_SHARDS: `${shards}`,
    PARLEY_JWT_SECRET: await keptSecret(folder),
    PARLEY_DEV_TOKENS: 'on',
    ...options.settings,
  };
  return { plans: [...nats.plans, ...redis.plans, ...cassandra.plans], settings };
}

const used = (urls: string | undefined): Servers | undefined => (urls ? { plans: [], urls: [urls] } : undefined);

async function untilReady(member: Member): Promise<void> {
  const deadline = performance.now() + readyMsMax;
  for (let state = ''; (state = await member.state()) !== 'ready'; await pause(100)) {
    if (performance.now() > deadline) {
      throw new Error(`${member.plan.name} is not ready: ${state}; its log is ${member.plan.logFile}`);
    }
  }
}
