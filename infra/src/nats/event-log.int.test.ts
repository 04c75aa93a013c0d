import { describeEventLog, type OpenedLog } from '@parley/domain/contracts';
import { connectNats, NatsEventLog, openDeployment } from './index.ts';
import { startTestCluster, startTestServer, testWorld } from './test-servers.ts';

describeEventLog('NatsEventLog on one server, R1', async () => {
  const server = await startTestServer();
  return openedLog({ servers: [server.url], replicas: 1, resource: server });
});

describeEventLog('NatsEventLog on three servers, R3', async () => {
  const cluster = await startTestCluster();
  return openedLog({ servers: cluster.urls, replicas: 3, resource: cluster });
});

async function openedLog(options: {
  servers: string[];
  replicas: 1 | 3;
  resource: AsyncDisposable;
}): Promise<OpenedLog> {
  const resources = new AsyncDisposableStack();
  resources.use(options.resource);
  const connection = resources.use(await connectNats({ servers: options.servers, name: 'contract' }));
  const { shards } = await openDeployment({ connection, shards: 2, replicas: options.replicas });
  const world = testWorld();
  const log = resources.use(new NatsEventLog({ connection, world, shards }));
  return {
    log,
    world,
    setClockOffset: (offsetMs) => (world.offsetMs = offsetMs),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
