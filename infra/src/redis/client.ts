// The one connection to Redis or Valkey, a single server or a Cluster, by ioredis (docs/adr/0007-ioredis.md). Fails fast: what
// cannot be sent now is refused now, and a server that goes silent is given up and connected to again.
import type { World } from '@parley/domain';
import { Cluster, Redis } from 'ioredis';

export type RedisClient = Redis | Cluster;

export interface RedisConnectOptions {
  /** `redis://` or `rediss://` (TLS), with user and password if need be; for a Cluster some of its nodes. */
  readonly urls: readonly string[];
  readonly isCluster?: boolean;
  /** Where they do not belong into a URL. */
  readonly username?: string;
  readonly password?: string;
  /** Certificates, in PEM, for `rediss://`; without `ca` the machine's own authorities count. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

const REDIS = {
  /** One attempt to connect, handshake included. */
  connectTimeoutMs: 2_000,
  /** A connection that answers nothing for so long, while it owes an answer, is closed. */
  silenceMsMax: 2_000,
  /** Between attempts, with full jitter: those who lost the server together do not return together. */
  reconnectFirstMs: 50,
  reconnectMsMax: 2_000,
  /** Two moves of a slot in a row, in a Cluster; more is an outage. */
  redirectionsMax: 3,
} as const;

/** It begins to connect, and never gives up until it is disconnected. */
export function createClient(options: RedisConnectOptions, world: Pick<World, 'random'>): RedisClient {
  const reconnectDelayMs = (attempt: number): number => {
    const rising = REDIS.reconnectFirstMs * 2 ** Math.min(attempt, 16);
    return Math.ceil(world.random() * Math.min(REDIS.reconnectMsMax, rising));
  };
  const [url = 'redis://127.0.0.1:6379'] = options.urls;
  if (!options.isCluster) return new Redis(url, { ...perServer(options, url), retryStrategy: reconnectDelayMs });
  return new Cluster([...options.urls], {
    redisOptions: perServer(options, url),
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    maxRedirections: REDIS.redirectionsMax,
    slotsRefreshTimeout: REDIS.connectTimeoutMs,
  });
}

function perServer({ username, password, tls }: RedisConnectOptions, url: string) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(url.startsWith('rediss:') && { tls: { ...tls } }),
    connectTimeout: REDIS.connectTimeoutMs,
    socketTimeout: REDIS.silenceMsMax,
    enableAutoPipelining: true,
    // Nothing waits for a server that is away, and nothing is sent again that its caller has given up.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A primary that became a replica keeps its connections: only a new one finds its successor.
    reconnectOnError: (error: Error): boolean => error.message.startsWith('READONLY'),
  };
}
