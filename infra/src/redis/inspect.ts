// What an operator's commands see of Redis from outside. Nothing here changes anything.
import { RegistryUnavailable, type World } from '@parley/domain';
import { Cluster } from 'ioredis';
import { Calls } from './calls.ts';
import type { RedisConnection } from './connection.ts';
import { createKeys } from './keys.ts';

export interface RedisInspection {
  readonly servers: readonly RedisServerReport[];
  /** That hold a lease now, by their ids. */
  readonly gateways: readonly string[];
}

interface RedisServerReport {
  readonly address: string;
  readonly version: string;
  readonly usedBytes: number;
  /** 0: no limit. */
  readonly limitBytes: number;
  /** What it does at its limit: `noeviction` is the one that forgets nothing. */
  readonly evictionPolicy: string;
  readonly connections: number;
}

/** Gateways that are asked about: more than there ever are. */
const gatewaysMax = 10_000;

/** Rejects with RegistryUnavailable. */
export async function inspectRedis(
  { client }: RedisConnection,
  { world, namespace = 'parley' }: { readonly world: Pick<World, 'schedule'>; readonly namespace?: string },
): Promise<RedisInspection> {
  const calls = new Calls(world, { failure: RegistryUnavailable });
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  const keys = createKeys(namespace);
  const servers = await Promise.all(
    nodes.map(async (node) =>
      serverReport(`${node.options.host}:${node.options.port}`, await calls.call(() => node.info())),
    ),
  );
  const known = await calls.call(() => client.zrange(keys.gateways, 0, `${gatewaysMax - 1}`));
  const leases = await Promise.all(known.map((id) => calls.call(() => client.exists(keys.lease(id)))));
  return { servers, gateways: known.filter((_, index) => leases[index] === 1) };
}

function serverReport(address: string, info: string): RedisServerReport {
  const fields = new Map(
    info.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
  const valkey = fields.get('valkey_version');
  return {
    address,
    version: valkey === undefined ? `Redis ${fields.get('redis_version')}` : `Valkey ${valkey}`,
    usedBytes: Number(fields.get('used_memory')),
    limitBytes: Number(fields.get('maxmemory')),
    evictionPolicy: fields.get('maxmemory_policy') ?? 'unknown',
    connections: Number(fields.get('connected_clients')),
  };
}
