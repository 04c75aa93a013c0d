// A whole fleet in its own processes, as its clients and an operator see it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node';
import {
  readCassandraRows,
  readLog,
  readStoredCassandraRows,
  type LogEntry,
  type StoredRow,
  type SystemUnderProof,
} from '@parley/proof';
import { startCluster, type Cluster, type ClusterOptions, type Member } from '../src/index.ts';

export interface FleetOptions {
  readonly shards: number;
  readonly cassandraNodes: 1 | 3;
  readonly gateways: number;
  /** As of the cluster. */
  readonly route?: ClusterOptions['route'];
  /** Of Parley's own processes, besides the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of each role but gateways: two, if not given. */
  readonly workers?: number;
  /** Its nodes of Cassandra are used; a keyspace is for `settings` to name. */
  readonly beside?: FleetUnderProof;
  /** In place of `parley setup`: what is to be done as the operator in a NATS where there is nothing. */
  readonly deploy?: (operatorEnvironment: Readonly<Record<string, string>>) => Promise<void>;
}

const repository = path.resolve(import.meta.dirname, '..', '..', '..');

export class FleetUnderProof implements AsyncDisposable, SystemUnderProof {
  /** Of the timeline's rows that `readRows` finds. */
  generation = 1;
  readonly #cluster: Cluster;
  readonly #folder: string;
  #turn = 0;

  private constructor(cluster: Cluster, folder: string) {
    this.#cluster = cluster;
    this.#folder = folder;
  }

  static async start(options: FleetOptions): Promise<FleetUnderProof> {
    const { shards, cassandraNodes, gateways, workers = 2, route, settings, beside, deploy } = options;
    const folder = mkdtempSync(path.join(tmpdir(), 'parley-fleet-'));
    const foreign = Object.entries(process.env).filter(([key]) => !key.startsWith('PARLEY_'));
    const services = path.join(repository, '.runtime', 'services');
    const cluster = await startCluster({
      folder,
      environment: Object.fromEntries(foreign),
      programs: {
        natsServer: process.env['PARLEY_NATS_SERVER'] ?? path.join(services, 'nats-server'),
        redisServer: process.env['PARLEY_TEST_VALKEY_SERVER'] ?? path.join(services, 'valkey-server'),
        cassandra: path.join(repository, 'scripts/bootstrap/cassandra.sh'),
      },
      running: beside === undefined ? {} : beside.#ofCassandra,
      cassandraNodes,
      shards,
      counts: { gateway: gateways, delivery: workers, projector: workers },
      gatewayPort: 0,
      settings: { PARLEY_RATE_LIMITS: 'off', PARLEY_LOG_LEVEL: 'warn', ...settings },
      ...(route === undefined ? {} : { route }),
      ...(deploy === undefined ? {} : { deploy: (settingsOf) => deploy(present(settingsOf('operator'))) }),
      report: () => undefined,
    });
    return new FleetUnderProof(cluster, folder);
  }

  get gatewayUrls(): readonly string[] {
    return this.#cluster.gatewayUrls;
  }

  /** Another gateway each time, as behind a balancer. */
  get base(): string {
    return this.gatewayUrls[this.#turn++ % this.gatewayUrls.length] ?? '';
  }

  get socketUrl(): string {
    return `${this.base.replace('http', 'ws')}/v1/ws`;
  }

  /** For the `parley` command. */
  get operatorEnvironment(): Readonly<Record<string, string>> {
    return present(this.#cluster.settingsOf('operator'));
  }

  /** One more process, told more than the others; nobody is sent to it. */
  join(role: 'gateway' | 'projector', settings: NodeJS.ProcessEnv): Promise<Member> {
    return this.#cluster.join(role, settings);
  }

  get #ofCassandra(): NodeJS.ProcessEnv {
    const settings = Object.entries(this.#cluster.settingsOf('operator'));
    return Object.fromEntries(settings.filter(([key]) => /^PARLEY_CASSANDRA_(CONTACT_POINTS|REPLICAS)$/.test(key)));
  }

  members(kind: Member['plan']['kind']): readonly Member[] {
    return this.#cluster.members.filter(({ plan }) => plan.kind === kind);
  }

  /** Where an operator asks each of Parley's own processes. */
  get adminUrls(): readonly string[] {
    const ours = (['gateway', 'delivery', 'projector'] as const).flatMap((kind) => this.members(kind));
    return ours.map(({ plan }) => `http://127.0.0.1:${plan.environment['PARLEY_ADMIN_PORT']}`);
  }

  /** Of the shards' streams, by server name. */
  async leaders(): Promise<readonly string[]> {
    await using nc = await connect(this.#nats);
    const found: string[] = [];
    for await (const { cluster } of (await jetstreamManager(nc)).streams.list('chat.>')) {
      if (cluster?.leader !== undefined) found.push(cluster.leader);
    }
    return found;
  }

  /** Of the nats-servers: what they say of themselves, without a password. */
  get monitorUrls(): readonly string[] {
    return this.members('nats').map(({ plan }) => {
      const config = readFileSync(path.join(this.#folder, plan.name, 'nats-server.conf'), 'utf8');
      return `http://${/^http: "?([^"\s]+)/m.exec(config)?.[1] ?? ''}`;
    });
  }

  async untilReady(msMax: number): Promise<void> {
    const deadline = Date.now() + msMax;
    for (const member of this.#cluster.members) {
      while (!(await member.isReady())) {
        if (Date.now() > deadline) throw new Error(`${member.plan.name}: ${await member.state()}`);
        await pause(100);
      }
    }
  }

  async token(userId: string): Promise<string> {
    const { token } = await this.call<{ token: string }>('POST', '/v1/dev/tokens', { body: { user_id: userId } });
    return token;
  }

  async call<Answer>(
    method: string,
    url: string,
    { token, body }: { readonly token?: string; readonly body?: object } = {},
  ): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const response = await fetch(`${this.base}${url}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      }).catch(() => undefined);
      if (response?.ok) return response.status === 204 ? ({} as Answer) : ((await response.json()) as Answer);
      const isAway = response === undefined || response.status >= 500;
      if (!isAway || attempt > 300) throw new Error(`${method} ${url}: ${response?.status} ${await response?.text()}`);
      await pause(100);
    }
  }

  readLog(): Promise<readonly LogEntry[]> {
    return readLog(this.#nats);
  }

  readRows(): Promise<ReadonlyMap<string, readonly number[]>> {
    return readCassandraRows(this.#cassandra, this.generation);
  }

  readStoredRows(): Promise<readonly StoredRow[]> {
    return readStoredCassandraRows(this.#cassandra, this.generation);
  }

  get #cassandra() {
    const contactPoints = this.#setting('PARLEY_CASSANDRA_CONTACT_POINTS').split(',');
    const keyspace = this.#setting('PARLEY_CASSANDRA_KEYSPACE') || 'parley';
    return { contactPoints, localDataCenter: 'datacenter1', keyspace };
  }

  get #nats(): NodeConnectionOptions {
    const user = this.#setting('PARLEY_NATS_USER');
    const pass = this.#setting('PARLEY_NATS_PASSWORD');
    return { servers: this.#setting('PARLEY_NATS_URL').split(','), user, pass };
  }

  #setting(key: string): string {
    return this.#cluster.settingsOf('operator')[key] ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const present = (settings: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined));
