// The same contract on real servers: what the model may claim.
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from '../nats/index.ts';
import { startTestCluster, startTestServer, testWorld } from '../nats/test-servers.ts';
import { CONTRACT_STREAM, describeJetStream, type OpenedJetStream } from './jetstream.contract.ts';

describeJetStream('nats-server on one replica', async () => {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await startTestServer());
  return await openStream([server.url], 1, opening.move());
});

describeJetStream('three nats-servers', async () => {
  await using opening = new AsyncDisposableStack();
  const cluster = opening.use(await startTestCluster());
  return await openStream(cluster.urls, 3, opening.move());
});

async function openStream(
  servers: string[],
  replicas: 1 | 3,
  resources: AsyncDisposableStack,
): Promise<OpenedJetStream> {
  const connection = resources.use(await connectNats({ servers, name: 'contract' }));
  const jsm = await jetstreamManager(connection.nc);
  await jsm.streams.add({
    name: CONTRACT_STREAM.name,
    subjects: [...CONTRACT_STREAM.subjects],
    num_replicas: replicas,
    duplicate_window: CONTRACT_STREAM.dedupWindowMs * 1_000_000,
    allow_direct: true,
  });
  return { connection, world: testWorld(), replicas, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
