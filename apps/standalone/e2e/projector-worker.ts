// A worker of its own build beside a standalone, on the same log, registry and files: folds what is of its versions, and tells what it
// reads and folds whenever that changes. Ends on SIGTERM.
import process from 'node:process';
import { loadConfig } from '@parley/infra/config';
import { connectNats, NatsEventLog, openDeployment } from '@parley/infra/nats';
import { createWorld } from '@parley/infra/runtime';
import { runProjector } from '@parley/projector';
import { observe } from '../src/observe.ts';
import { openReadModels } from '../src/read-models.ts';

const [natsUrl = '', dataDir = ''] = process.argv.slice(2);
const world = createWorld();
const config = loadConfig('standalone', { PARLEY_DATA_DIR: dataDir, PARLEY_LOG_LEVEL: 'fatal' });
const observed = observe(config, world);
await using parts = new AsyncDisposableStack();
const connection = parts.use(await connectNats({ servers: natsUrl, name: 'worker' }));
const { shards, logEpoch } = await openDeployment({ connection, world, replicas: 1 });
const log = parts.use(new NatsEventLog({ connection, world, shards }));
const readModels = await openReadModels({ config, connection, logEpoch, observed, world, parts });
parts.use(runProjector({ ...readModels, log, world, observer: { ...observed.runner, ...observed.projection } }));

const tell = (): void => {
  const { timeline } = readModels;
  const serving = timeline.serving().number;
  const following = timeline.following().map(({ number }) => number);
  process.stdout.write(`${JSON.stringify({ serving, following, stopped: observed.readersStopped() })}\n`);
};
tell();
using _changes = readModels.timeline.onChange(tell);
const alive = setInterval(() => undefined, 60_000);
await new Promise((resolve) => process.once('SIGTERM', resolve));
clearInterval(alive);
