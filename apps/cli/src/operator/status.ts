// `parley status`: what is there and how it does, on one page.
import { inspectNats, type NatsReport } from '@parley/infra/nats';
import { inspectRedis } from '@parley/infra/redis';
import { look, needLook } from './lag.ts';
import type { OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { type Output } from './output.ts';
import type { System } from './system.ts';
import { busiestConversations, BUSIEST, type Busy } from './watch/busiest.ts';
import { rates, showReaders } from './watch/lag-table.ts';

interface StatusFlags {
  readonly shards?: boolean;
}

const sampleMs = 1_000;

export const showStatus: OperatorCommand<StatusFlags> = async ({ system, output, flags, signal }) => {
  const before = await look(system);
  const [nats, processes, busiest] = await Promise.all([
    inspectNats({ connection: system.connection, world: system.world, replicas: replicasOf(system) }),
    processesOf(system),
    busiestConversations(system, signal),
    system.world.sleep(sampleMs, signal),
  ]);
  if (signal.aborted) return EXIT.interrupted;
  const readers = rates(before, await look(system));
  const summary = summaryOf(system, nats);
  showSummary(output, summary);
  for (const line of processes) output.line(line);
  output.line('');
  showReaders(output, readers, { withShards: flags.shards === true, hasLeases: system.where.form === 'fleet' });
  showBusiest(output, busiest);
  if (flags.shards) showStreams(output, nats);
  output.json({ ...summary, processes, readers, busiest, streams: nats.streams });
  return needLook(readers) ? EXIT.found : EXIT.done;
};

const replicasOf = ({ where }: Pick<System, 'where'>): 1 | 3 =>
  where.form === 'fleet' && where.config.natsReplicas === 3 ? 3 : 1;

interface Summary {
  readonly form: string;
  readonly nats: string;
  readonly logEpoch: number;
  readonly shards: number;
  readonly events: number;
  readonly bytes: number;
  readonly storageBytes: number;
}

function summaryOf({ where, logEpoch, log }: System, nats: NatsReport): Summary {
  const chats = nats.streams.filter(({ name }) => name.startsWith('CHAT_'));
  const sum = (of: 'messages' | 'bytes'): number => chats.reduce((all, stream) => all + stream[of], 0);
  return {
    form: where.form === 'fleet' ? 'fleet' : `standalone in ${where.dataDir}`,
    nats: `nats-server ${nats.version}, ${nats.servers.join(', ')}`,
    logEpoch,
    shards: log.shards,
    events: sum('messages'),
    bytes: sum('bytes'),
    storageBytes: nats.storage.usedBytes,
  };
}

function showSummary(output: Output, summary: Summary): void {
  output.line(`${summary.form}; log epoch ${summary.logEpoch}, ${summary.shards} shards`);
  output.line(
    `${summary.nats}: ${summary.events} events, ${mebibytes(summary.bytes)}; all streams ${mebibytes(summary.storageBytes)}`,
  );
}

/** As far as it can be seen: a fleet's processes show themselves in Redis, by their leases. */
async function processesOf(system: System): Promise<readonly string[]> {
  const redis = await system.redis();
  if (redis === undefined) return [];
  const { servers, gateways } = await inspectRedis(redis, { world: system.world });
  return [
    ...servers.map(
      ({ address, version, usedBytes, connections }) =>
        `${version} at ${address}: ${mebibytes(usedBytes)}, ${connections} connections`,
    ),
    `${gateways.length} gateways with a lease: ${gateways.slice(0, gatewaysShownMax).join(', ')}`,
  ];
}

const gatewaysShownMax = 10;

function showBusiest(output: Output, busiest: readonly Busy[]): void {
  const minutes = BUSIEST.windowMs / 60_000;
  output.line(`\nbusiest conversations of the last ${minutes} minutes${busiest.length === 0 ? ': none' : ''}`);
  if (busiest.length === 0) return;
  output.table(
    ['conversation', 'shard', 'events', 'per minute'],
    busiest.map((one) => [one.conversationId, one.shard, one.events, one.perMinute.toFixed(1)]),
  );
}

function showStreams(output: Output, { streams }: NatsReport): void {
  output.line('\nstreams');
  output.table(
    ['stream', 'events', 'size', 'last', 'erased', 'consumers', 'leader'],
    streams.map((one) => [
      one.name,
      one.messages,
      mebibytes(one.bytes),
      one.lastPosition,
      one.erased,
      one.consumers,
      one.leader ?? '-',
    ]),
  );
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
