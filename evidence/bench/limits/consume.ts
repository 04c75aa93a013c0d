// The limit of everything that reads the log: all streams read from their first event to their present last one, by the client
// library's own ordered consumers, and nothing done with what comes; or by ours, which checks and decodes it.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node';
import { allShards, NO_POSITION } from '@parley/domain';
import { connectNats, NatsEventLog } from '@parley/infra/nats';
import { createWorld } from '@parley/infra/runtime';

export interface Consume {
  readonly servers: string;
  readonly shards: number;
  /** As events of ours. */
  readonly decoded: boolean;
}

export interface ConsumeResult {
  readonly events: number;
  readonly seconds: number;
}

/** Asked for at a time by the library's consumers. */
const eventsPerPull = 4_096;

export async function consume(job: Consume): Promise<ConsumeResult> {
  const startedMs = performance.now();
  const events = await (job.decoded ? readDecoded(job) : readRaw(job));
  return { events, seconds: (performance.now() - startedMs) / 1_000 };
}

async function readRaw({ servers, shards }: Consume): Promise<number> {
  const options: NodeConnectionOptions = { servers, noAsyncTraces: true };
  const nc = await connect(options);
  try {
    const jsm = await jetstreamManager(nc);
    const read = async (stream: string): Promise<number> => {
      const { last_seq: last } = (await jsm.streams.info(stream)).state;
      if (last === 0) return 0;
      const consumer = await jetstream(nc).consumers.get(stream);
      const { promise, resolve } = Promise.withResolvers<void>();
      const messages = await consumer.consume({
        max_messages: eventsPerPull,
        callback: ({ seq }) => {
          if (seq === last) resolve();
        },
      });
      await promise;
      await messages.close();
      return last;
    };
    return sum(await Promise.all(allShards(shards).map((shard) => read(`CHAT_${shard}`))));
  } finally {
    await nc.close();
  }
}

async function readDecoded({ servers, shards }: Consume): Promise<number> {
  const world = createWorld();
  await using connection = await connectNats({ servers, name: 'parley-bench' });
  await using log = new NatsEventLog({ connection, world, shards });
  const counts = allShards(shards).map(async (shard) => {
    const [head, stop] = [await log.head(shard), new AbortController()];
    if (head === NO_POSITION) return 0;
    for await (const events of log.read(shard, NO_POSITION, { reader: 'bench', signal: stop.signal })) {
      if ((events.at(-1)?.position ?? 0) >= head) stop.abort();
    }
    return head;
  });
  return sum(await Promise.all(counts));
}

const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
