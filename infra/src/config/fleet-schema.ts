// What a fleet's processes need to know of each other and of the servers they share: NATS, Redis, Cassandra.
import Type from 'typebox';

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const list = (pattern: string, preset: string, description: string) =>
  Type.Array(Type.String({ pattern }), { minItems: 1, default: [preset], description });

const hostPattern = String.raw`^(\[[0-9a-fA-F:.]+\]|[^\s/:,]+)(:\d{1,5})?$`;
const pemPattern = '-----BEGIN [A-Z ]+-----';

const pem = (description: string) =>
  Type.Optional(Type.String({ pattern: pemPattern, description: `${description}, in PEM.` }));

export const FleetSchema = Type.Object({
  natsUrl: list('^(nats|tls)://[^\\s,]+$', 'nats://127.0.0.1:4222', 'Servers of the NATS cluster, some or all.'),
  natsUser: text('The name by which NATS knows this role (docs/jetstream.md: permissions).'),
  natsPassword: text('The password that goes with it.'),
  natsCredentials: text('Instead of both: the content of a NATS credentials file (a JWT and its seed).'),
  natsTlsCa: pem('The authorities whose certificates are believed of NATS'),
  natsTlsCert: pem('The certificate shown to NATS'),
  natsTlsKey: pem('Its private key'),
  natsReplicas: Type.Refine(
    Type.Integer({
      minimum: 1,
      maximum: 3,
      default: 3,
      description:
        'Copies of the log and of what goes with it: 3, or 1 for a trial. Fixed when the deployment is created.',
    }),
    (replicas) => replicas !== 2,
    () => 'must be 1 or 3: two copies stop when either is away',
  ),
  redisUrl: list(
    '^rediss?://[^\\s,]+$',
    'redis://127.0.0.1:6379',
    'Redis or Valkey; of a Redis Cluster some of its nodes. `rediss://` is TLS.',
  ),
  redisCluster: Type.Boolean({ default: false, description: '`on`: it is a Redis Cluster.' }),
  redisUser: text('The name by which Redis knows us.'),
  redisPassword: text('The password that goes with it.'),
  redisTlsCa: pem('The authorities whose certificates are believed of Redis; without any, those of the machine'),
  redisTlsCert: pem('The certificate shown to Redis'),
  redisTlsKey: pem('Its private key'),
  cassandraContactPoints: list(
    hostPattern,
    '127.0.0.1:9042',
    'Some nodes of Cassandra or ScyllaDB, as `host` or `host:port`.',
  ),
  cassandraDatacenter: Type.String({
    minLength: 1,
    default: 'datacenter1',
    description: 'The data centre of Cassandra that is ours.',
  }),
  cassandraKeyspace: Type.String({
    pattern: '^[a-z][a-z0-9_]{0,47}$',
    default: 'parley',
    description: 'The keyspace of the read models; created when it is missing.',
  }),
  cassandraReplicas: Type.Integer({
    minimum: 1,
    maximum: 9,
    default: 3,
    description: 'Copies of each row, when the keyspace is created.',
  }),
  cassandraUser: text('The name by which Cassandra knows us.'),
  cassandraPassword: text('The password that goes with it.'),
  cassandraTls: Type.Boolean({ default: false, description: '`on`: TLS to Cassandra.' }),
  cassandraTlsCa: pem(
    'The authorities whose certificates are believed of Cassandra; without any, those of the machine',
  ),
  cassandraTlsCert: pem('The certificate shown to Cassandra'),
  cassandraTlsKey: pem('Its private key'),
});
