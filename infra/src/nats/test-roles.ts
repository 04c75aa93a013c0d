// For tests: a cluster with its users, a deployment that `setup` created, a connection for each role, and what comes of trying
// something with it.
import { setImmediate } from 'node:timers/promises';
import { allShards } from '@parley/domain';
import { AckPolicy, jetstreamManager, RetentionPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { connectNats, createDeployment, ROLES, type Connection, type Role } from './index.ts';
import { chatStream } from './subjects.ts';
import { credentialsOf, startTestCluster, testWorld, type TestCluster } from './test-servers.ts';

export const sizing = { shards: 2, replicas: 3 } as const;

export interface TestRoles extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly connections: Readonly<Record<Role, Connection>>;
  /** The operator's, who also declared the stream of push jobs. */
  readonly jsm: JetStreamManager;
}

export async function openRoles(): Promise<TestRoles> {
  await using opening = new AsyncDisposableStack();
  const cluster = opening.use(await startTestCluster({ users: sizing }));
  const opened = await Promise.all(
    ROLES.map(async (role) => [role, opening.use(await connectAs(cluster, role))] as const),
  );
  const connections = Object.fromEntries(opened) as Record<Role, Connection>;
  await createDeployment({ connection: connections.setup, world: testWorld(), ...sizing });
  const jsm = await jetstreamManager(connections.operator.nc);
  const retention = RetentionPolicy.Workqueue;
  await jsm.streams.add({ name: 'PUSH', subjects: ['push.*.*'], retention, num_replicas: 3 });
  await jsm.consumers.add('PUSH', { durable_name: 'push', ack_policy: AckPolicy.Explicit });
  const open = opening.move();
  return { cluster, connections, jsm, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

export const connectAs = (cluster: TestCluster, role: Role): Promise<Connection> =>
  connectNats({ servers: cluster.urls, name: role, ...credentialsOf(role) });

export interface Attempt {
  readonly publish?: string;
  readonly subscribe?: string;
}

/** What NATS objects to it; undefined when it lets it pass. It objects before it answers the flush that follows. */
export async function objection(connection: Connection, { publish, subscribe }: Attempt): Promise<string | undefined> {
  let said: string | undefined;
  using _listening = connection.listen({ refused: ({ message }) => (said = message) });
  if (publish !== undefined) connection.nc.publish(publish, '{}');
  const subscription = subscribe === undefined ? undefined : connection.nc.subscribe(subscribe, { callback: ignore });
  await connection.nc.flush();
  await setImmediate();
  subscription?.unsubscribe();
  return said;
}

const ignore = (): void => undefined;

/** Everything that must never change but by the operator. */
export async function streamStates(jsm: JetStreamManager): Promise<unknown[]> {
  const names = [...allShards(sizing.shards).map(chatStream), 'KV_parley_config', 'KV_parley_projections', 'PUSH'];
  return Promise.all(
    names.map(async (name) => {
      const { config, state } = await jsm.streams.info(name);
      return { config, messages: state.messages, last: state.last_seq };
    }),
  );
}
