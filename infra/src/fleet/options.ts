// From the configuration's flat keys to what each client library is told. A key that is absent stays absent.
import type { CassandraOptions } from '../cassandra/index.ts';
import type { FleetConfig } from '../config/index.ts';

/** Only the entries that have a value: a library takes an undefined setting for a setting. */
type Present<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

function present<Fields extends object>(fields: Fields): Present<Fields> {
  // Without what is undefined, an entry is as `Present` has it.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>;
}

interface TlsTexts {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Undefined when none of it is set. */
function tlsOf(texts: TlsTexts) {
  const tls = present({ ...texts });
  return Object.keys(tls).length === 0 ? undefined : tls;
}

export function redisOptions(config: FleetConfig) {
  const tls = tlsOf({ ca: config.redisTlsCa, cert: config.redisTlsCert, key: config.redisTlsKey });
  return {
    urls: config.redisUrl,
    isCluster: config.redisCluster,
    ...present({ username: config.redisUser, password: config.redisPassword, tls }),
  };
}

export function natsOptions(config: FleetConfig) {
  const tls = tlsOf({ ca: config.natsTlsCa, cert: config.natsTlsCert, key: config.natsTlsKey });
  return { servers: config.natsUrl, ...present({ credentials: natsCredentials(config), tls }) };
}

function natsCredentials({ natsUser: user, natsPassword: password = '', natsCredentials: content }: FleetConfig) {
  if (content !== undefined) return { content };
  return user === undefined ? undefined : { user, password };
}

/** Without a number of shards the stored one counts. */
export const deploymentSizing = ({ shards, natsReplicas }: FleetConfig) => ({
  ...present({ shards }),
  replicas: natsReplicas === 3 ? (3 as const) : (1 as const),
});

export function cassandraOptions(config: FleetConfig, logEpoch: number): CassandraOptions {
  const { cassandraContactPoints, cassandraDatacenter, cassandraKeyspace, cassandraReplicas } = config;
  const tls = tlsOf({ ca: config.cassandraTlsCa, cert: config.cassandraTlsCert, key: config.cassandraTlsKey });
  const { cassandraUser: username, cassandraPassword: password = '' } = config;
  return {
    contactPoints: cassandraContactPoints,
    localDataCenter: cassandraDatacenter,
    keyspace: cassandraKeyspace,
    logEpoch,
    replication: { [cassandraDatacenter]: cassandraReplicas },
    ...(username !== undefined && { credentials: { username, password } }),
    ...((config.cassandraTls || tls !== undefined) && { tls: tls ?? {} }),
  };
}
