// For tests: a process that runs nats-server as standalone does. Arguments: binary, data directory.
import { once } from 'node:events';
import { createWorld } from '../runtime/index.ts';
import { connectNats, createDeployment, startNatsServer } from './index.ts';

const [, , binary = '', dataDirectory = ''] = process.argv;
const world = createWorld();
await using server = await startNatsServer({ binary, dataDirectory, world, onEvent: () => undefined });
await using connection = await connectNats({ servers: server.url, name: 'parent' });
process.stdout.write(`ready ${server.pid}\n`);
const alive = setInterval(() => undefined, 1_000);
await once(process, 'SIGINT');
clearInterval(alive);
await createDeployment({ connection, world, shards: 1, replicas: 1 });
process.stdout.write('server still answers\n');
