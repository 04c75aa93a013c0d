// Prints the configuration of a NATS cluster, the same for each of its servers:
//   node scripts/nats-server-config.ts --shards 64 --hosts nats-0,nats-1,nats-2 [--tls /etc/nats-tls] > nats-server.conf
import process from 'node:process';
import { parseArgs } from 'node:util';
import { clusterConfig } from '@parley/infra/nats';

const { values } = parseArgs({
  options: { shards: { type: 'string' }, hosts: { type: 'string' }, tls: { type: 'string' } },
});
const shards = Number(values.shards);
const hosts = values.hosts?.split(',') ?? [];
if (!Number.isInteger(shards) || shards < 1 || hosts.length === 0) {
  console.error('usage: nats-server-config.ts --shards <number> --hosts <host,host,host> [--tls <directory>]');
  process.exit(2);
}
const config = clusterConfig({ shards, hosts, ...(values.tls !== undefined && { tlsDirectory: values.tls }) });
process.stdout.write(
  `# Written by scripts/nats-server-config.ts; passwords are in the environment of the server.\n${config}`,
);
