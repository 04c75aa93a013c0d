// One of several delivery workers, as a process of its own that a test can freeze and kill. It tells what it does in lines of
// JSON on its standard output, and ends when it is told to by SIGTERM.
import process from 'node:process';
import { runDelivery } from '@parley/delivery';
import { connectNats, natsGatewayBus, NatsEventLog, openCheckpoints, openDeployment } from '@parley/infra/nats';
import { connectRedis, createLeases, openSessionRegistry } from '@parley/infra/redis';
import { createWorld } from '@parley/infra/runtime';
import { createConversationStates } from '@parley/projections';

const [worker = '', natsUrl = '', redisUrl = '', shardsWhenNew = '16'] = process.argv.slice(2);
const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const world = createWorld();
const redis = { urls: [redisUrl], world, report: () => undefined };

await using connection = await connectNats({ servers: natsUrl, name: worker });
const { shards, logEpoch } = await openDeployment({ connection, shards: Number(shardsWhenNew), replicas: 1 });
await using log = new NatsEventLog({ connection, world, shards });
using leasesConnection = await connectRedis(redis);
using sessions = await openSessionRegistry(redis);
await using _delivery = runDelivery({
  log,
  logEpoch,
  world,
  sessions,
  states: createConversationStates(log),
  timeline: { previous: async () => undefined },
  bus: natsGatewayBus(connection),
  checkpoints: await openCheckpoints(connection, logEpoch),
  observer: {
    applied: () => undefined,
    retrying: (_reader, shard, error) => tell({ failed: `shard ${shard}: ${String(error)}` }),
    stopped: (_reader, shard, error) => tell({ failed: `shard ${shard} stopped: ${String(error)}` }),
    beatFailed: (error) => tell({ failed: `beat: ${String(error)}` }),
  },
  lease: {
    leases: createLeases({ connection: leasesConnection, world }),
    role: 'delivery',
    worker,
    observer: {
      shardsChanged: (_role, { count }) => tell({ count }),
      leasesUnavailable: (_role, error) => tell({ failed: `leases: ${String(error)}` }),
    },
  },
});
const alive = setInterval(() => undefined, 60_000);
await new Promise((resolve) => process.once('SIGTERM', resolve));
clearInterval(alive);
