// What a nats-server says of itself on its monitoring port (`/varz`), which no client of an ordinary account may ask it.
import Type from 'typebox';
import { Compile } from 'typebox/compile';

const timeoutMs = 5_000;
const nanosPerSecond = 1e9;

const VARZ = Compile(
  Type.Object({
    server_name: Type.String(),
    version: Type.String(),
    jetstream: Type.Object({
      config: Type.Object({
        max_storage: Type.Number(),
        sync_interval: Type.Optional(Type.Number()),
        sync_always: Type.Optional(Type.Boolean()),
      }),
      stats: Type.Object({ storage: Type.Number() }),
    }),
  }),
);

export interface NatsServerFacts {
  readonly name: string;
  readonly version: string;
  /** `always`, or the time between. */
  readonly syncInterval: string;
}

export interface DiskFacts {
  readonly what: string;
  readonly usedBytes: number;
  readonly limitBytes: number;
}

interface MonitorAnswer {
  readonly server?: NatsServerFacts;
  readonly disk?: DiskFacts;
  readonly failure?: string;
}

/** Never rejects: a server that cannot be asked is said to be unseen. */
export async function askMonitor(url: string): Promise<MonitorAnswer> {
  try {
    const answer = await fetch(new URL('/varz', url), { signal: AbortSignal.timeout(timeoutMs) });
    const varz: unknown = await answer.json();
    if (!VARZ.Check(varz)) return { failure: `${url} answers, but not as a nats-server with JetStream` };
    const { config, stats } = varz.jetstream;
    const syncInterval = config.sync_always ? 'always' : `${(config.sync_interval ?? 0) / nanosPerSecond} s`;
    return {
      server: { name: varz.server_name, version: varz.version, syncInterval },
      disk: { what: `JetStream on ${varz.server_name}`, usedBytes: stats.storage, limitBytes: config.max_storage },
    };
  } catch (error) {
    return { failure: `the NATS server at ${url}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
