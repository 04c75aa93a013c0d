import { describeEventLog, type OpenedLog } from '@parley/domain/contracts';
import { connectNats, createDeployment, NatsEventLog, openDeployment, type Connection } from './index.ts';
import { credentialsOf, startTestCluster, startTestServer, testWorld } from './test-servers.ts';

const sizing = { shards: 2, world: testWorld() };

describeEventLog('NatsEventLog on one server, R1', async () => {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await startTestServer());
  const connection = opening.use(await connectNats({ servers: server.url, name: 'contract' }));
  await createDeployment({ connection, ...sizing, replicas: 1 });
  return openedLog(connection, opening.move());
});

describeEventLog("NatsEventLog on three servers, R3, with a gateway's permissions", async () => {
  await using opening = new AsyncDisposableStack();
  const { urls: servers } = opening.use(await startTestCluster({ users: sizing }));
  await using setup = await connectNats({ servers, name: 'setup', ...credentialsOf('setup') });
  await createDeployment({ connection: setup, ...sizing, replicas: 3 });
  const connection = opening.use(await connectNats({ servers, name: 'contract', ...credentialsOf('gateway') }));
  await openDeployment({ connection, ...sizing, replicas: 3 });
  return openedLog(connection, opening.move());
});

function openedLog(connection: Connection, resources: AsyncDisposableStack): OpenedLog {
  const world = testWorld();
  const log = resources.use(new NatsEventLog({ connection, world, shards: sizing.shards }));
  return {
    log,
    world,
    setClockOffset: (offsetMs) => (world.offsetMs = offsetMs),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
