// A whole fleet on one machine: its servers, then the deployment, then Parley's processes; and down again in reverse order.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { keptSecret } from '@parley/infra/config';
import { lockDataDirectory, type NatsUser } from '@parley/infra/nats';
import { endLeftovers, recordProcesses } from './leftovers.ts';
import { Member, type MemberPlan, type MemberReport } from './member.ts';
import { planRole, type Role } from './roles.ts';
import { planCassandra, planNats, planRedis, type Machine } from './servers.ts';
import { setUp } from './set-up.ts';

export interface ClusterOptions {
  /** Logs, data and secrets; the same folder again goes on with the same data. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly programs: { readonly natsServer: string; readonly redisServer: string; readonly cassandra: string };
  /** Servers that run already, and how to reach them, by the keys of the configuration: used instead of own ones. */
  readonly running: NodeJS.ProcessEnv;
  readonly cassandraNodes: 1 | 3;
  readonly shards: number;
  readonly counts: Readonly<Record<Role, number>>;
  /** Of the first gateway; 0: free ones. */
  readonly gatewayPort: number;
  /** More of the roles' configuration. */
  readonly settings?: NodeJS.ProcessEnv;
  /** The settings of one of Parley's own processes, where it is to reach its servers another way than straight. */
  readonly route?: (member: string, settings: NodeJS.ProcessEnv) => Promise<NodeJS.ProcessEnv>;
  /** Makes the deployment, as `parley setup` does where this is not given. */
  readonly deploy?: (settingsOf: Cluster['settingsOf']) => Promise<void>;
  readonly report: (report: MemberReport) => void;
}

export interface Cluster extends AsyncDisposable {
  readonly members: readonly Member[];
  readonly gatewayUrls: readonly string[];
  /** The configuration of whoever works with it. */
  readonly settingsOf: (user: NatsUser) => NodeJS.ProcessEnv;
  /** One more process of a role, told more than the others; resolves when it is ready. It is ended with them, if not before. */
  readonly join: (role: Role, settings: NodeJS.ProcessEnv) => Promise<Member>;
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

  async function launch(plans: readonly MemberPlan[], parts: AsyncDisposableStack): Promise<readonly Member[]> {
    const launched = plans.map((plan) => new Member(plan, heard));
    members.push(...launched);
    parts.defer(async () => void (await Promise.all(launched.map((member) => member.stop()))));
    for (const member of launched) member.start();
    await Promise.all(launched.map((member) => untilReady(member)));
    await recording;
    return launched;
  }

  const { plans, settingsOf } = await planServers(options);
  await launch(plans, starting);
  const deploy = options.deploy ?? (() => setUp({ ...options.environment, ...settingsOf('setup') }, setUpLog(folder)));
  await deploy(settingsOf);
  const machine: Machine = options;
  for (const role of ['projector', 'delivery', 'gateway'] as const) {
    const numbers = Array.from({ length: options.counts[role] }, (_, index) => index + 1);
    const plan = async (number: number): Promise<MemberPlan> => {
      const straight = settingsOf(role);
      const settings = (await options.route?.(`${role}-${number}`, straight)) ?? straight;
      return planRole(role, number, { machine, settings, gatewayPort: options.gatewayPort });
    };
    await launch(await Promise.all(numbers.map(plan)), starting);
  }
  const running = starting.move();
  return {
    members,
    settingsOf,
    async join(role, more) {
      const number = members.filter(({ plan }) => plan.kind === role).length + 1;
      const settings = { ...settingsOf(role), ...more };
      const plan = await planRole(role, number, { machine, settings, gatewayPort: options.gatewayPort });
      const [member] = await launch([plan], running);
      if (!member) throw new Error(`${plan.name} was not launched`);
      return member;
    },
    gatewayUrls: members.filter(({ plan }) => plan.kind === 'gateway').map(({ plan }) => plan.address),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const setUpLog = (folder: string): string => path.join(folder, 'log', 'set-up.log');

async function planServers(options: ClusterOptions) {
  const { programs, running, shards, cassandraNodes, folder } = options;
  const isOwn = (key: string): boolean => running[key] === undefined;
  const nats = isOwn('PARLEY_NATS_URL') ? await planNats(options, programs.natsServer, shards) : undefined;
  const redis = isOwn('PARLEY_REDIS_URL') ? await planRedis(options, programs.redisServer) : undefined;
  const cassandra = isOwn('PARLEY_CASSANDRA_CONTACT_POINTS')
    ? await planCassandra(options, programs.cassandra, cassandraNodes)
    : undefined;
  const shared = {
    ...running,
    ...(nats && { PARLEY_NATS_URL: nats.urls.join(',') }),
    ...(redis && { PARLEY_REDIS_URL: redis.urls.join(',') }),
    ...(cassandra && {
      PARLEY_CASSANDRA_CONTACT_POINTS: cassandra.urls.join(','),
      PARLEY_CASSANDRA_REPLICAS: `${cassandraNodes}`,
    }),
    PARLEY_SHARDS: `${shards}`,
    PARLEY_JWT_SECRET: await keptSecret(folder),
    PARLEY_DEV_TOKENS: 'on',
    ...options.settings,
  };
  return {
    plans: [nats, redis, cassandra].flatMap((servers) => servers?.plans ?? []),
    settingsOf: (user: NatsUser): NodeJS.ProcessEnv =>
      nats ? { ...shared, PARLEY_NATS_USER: user, PARLEY_NATS_PASSWORD: nats.passwords.get(user) } : shared,
  };
}

async function untilReady(member: Member): Promise<void> {
  const deadline = performance.now() + readyMsMax;
  for (let state = ''; (state = await member.state()) !== 'ready'; await pause(100)) {
    if (performance.now() > deadline) {
      throw new Error(`${member.plan.name} is not ready: ${state}; its log is ${member.plan.logFile}`);
    }
  }
}
