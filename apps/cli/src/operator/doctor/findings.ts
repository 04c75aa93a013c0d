// What doctor finds: rules over facts, each finding with what to do. Pure: the facts are gathered in `facts.ts`.
import type { CassandraFacts, Facts } from './facts.ts';
import type { NatsServerFacts } from './monitor.ts';

/** `broken`: promises are not kept, or nothing works; `warning`: they will not be, when something else happens. */
type Severity = 'broken' | 'warning';

export interface Finding {
  readonly severity: Severity;
  /** Stable, for programs: `stream-differs`. */
  readonly code: string;
  readonly found: string;
  readonly remedy: string;
}

export const DOCTOR = {
  natsVersionMin: '2.11.0',
  clockAheadMsMax: 2_500,
  /** Of a disk or an account. */
  freeShareMin: 0.15,
  freeShareBroken: 0.05,
  replicaLagMax: 1_000,
  /** A reader that has events to apply and applies none. */
  standstillMs: 10_000,
  behindMsMax: 30_000,
} as const;

export const diagnose = (facts: Facts): readonly Finding[] => [
  ...versions(facts),
  ...streams(facts),
  ...replicas(facts),
  ...servers(facts.natsServers),
  ...clock(facts),
  ...disk(facts),
  ...readers(facts),
  ...generations(facts),
  ...redis(facts),
  ...(facts.cassandra ? cassandra(facts.cassandra) : []),
];

const broken = (code: string, found: string, remedy: string): Finding => ({ severity: 'broken', code, found, remedy });
const warning = (code: string, found: string, remedy: string): Finding => ({
  severity: 'warning',
  code,
  found,
  remedy,
});

function versions({ nats, natsServers, node }: Facts): readonly Finding[] {
  const all = new Set([nats.version, ...natsServers.map(({ version }) => version)]);
  const old = [...all].filter((version) => isOlder(version, DOCTOR.natsVersionMin));
  return [
    ...old.map((version) =>
      broken(
        'nats-too-old',
        `nats-server ${version}`,
        `upgrade to ${DOCTOR.natsVersionMin} or newer, one server after the other`,
      ),
    ),
    ...(all.size > 1
      ? [warning('nats-versions-differ', `nats-servers run ${[...all].join(', ')}`, 'finish the upgrade')]
      : []),
    ...(isOlder(node, '24.0.0') ? [warning('node-too-old', `Node ${node} runs this command`, 'use Node 24')] : []),
  ];
}

function isOlder(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split(/[.-]/).map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function streams({ nats, declaredShards }: Facts): readonly Finding[] {
  if (nats.shards === undefined || nats.logEpoch === undefined) {
    return [
      broken('no-deployment', 'no deployment is stored in NATS', 'run `parley setup` with the credentials of setup'),
    ];
  }
  return [
    ...nats.missing.map((name) =>
      broken(
        'stream-missing',
        `stream ${name} does not exist`,
        'if it was never there, `parley setup` creates it; else restore it from a backup, before anything is written',
      ),
    ),
    ...nats.differences.map(({ stream, key, declared, actual }) =>
      broken(
        'stream-differs',
        `${stream}.${key} is ${JSON.stringify(actual)}, declared is ${JSON.stringify(declared)}`,
        `find out who changed it; \`nats stream edit ${stream}\` brings it back: no process starts before`,
      ),
    ),
    ...(declaredShards !== undefined && declaredShards !== nats.shards
      ? [
          broken(
            'shards-differ',
            `PARLEY_SHARDS is ${declaredShards}, the deployment has ${nats.shards}`,
            'unset PARLEY_SHARDS, or set it to what the deployment has: it can never be changed',
          ),
        ]
      : []),
  ];
}

const replicas = ({ nats: { streams: all } }: Facts): readonly Finding[] =>
  all.flatMap((stream) => [
    ...(stream.isClustered && stream.leader === undefined
      ? [
          broken(
            'no-leader',
            `${stream.name} has no leader: its conversations cannot be written`,
            'bring back the servers that are away: two of three have to be there',
          ),
        ]
      : []),
    ...stream.replicas.flatMap(({ name, isOffline, isCurrent, lag }) => {
      if (isOffline)
        return [
          warning(
            'replica-offline',
            `the copy of ${stream.name} on ${name} is offline`,
            `start ${name}: one more server lost, and the shard stands still`,
          ),
        ];
      if (!isCurrent || lag > DOCTOR.replicaLagMax)
        return [
          warning(
            'replica-lags',
            `the copy of ${stream.name} on ${name} is ${lag} operations behind`,
            `wait while it catches up; else look at the disk and the network of ${name}`,
          ),
        ];
      return [];
    }),
  ]);

const servers = (all: readonly NatsServerFacts[]): readonly Finding[] =>
  all.flatMap(({ name, syncInterval }) =>
    syncInterval === 'always'
      ? []
      : [
          broken(
            'sync-interval',
            `${name} syncs its disk every ${syncInterval}: an ack does not promise a disk`,
            'set `sync_interval: always` in the jetstream block of its configuration and restart it, one server after the other',
          ),
        ],
  );

function clock({ nats: { aheadMs } }: Facts): readonly Finding[] {
  if (Math.abs(aheadMs) <= DOCTOR.clockAheadMsMax) return [];
  const which = `the NATS server's clock is ${(Math.abs(aheadMs) / 1_000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`;
  return [warning('clock-skew', which, 'synchronise both by NTP: a gateway more than 5 s off takes no clients')];
}

const disk = ({ disks }: Facts): readonly Finding[] =>
  disks.flatMap(({ what, usedBytes, limitBytes }) => {
    const free = (limitBytes - usedBytes) / limitBytes;
    if (free >= DOCTOR.freeShareMin) return [];
    const found = `${what}: ${(free * 100).toFixed(0)} % are free`;
    const remedy = 'make it larger: a full one refuses every message';
    return [free < DOCTOR.freeShareBroken ? broken('disk-full', found, remedy) : warning('disk-fills', found, remedy)];
  });

const readers = ({ readers: all }: Facts): readonly Finding[] =>
  all.flatMap((reader) => {
    if (reader.failure !== undefined) {
      return [
        broken(
          'generation-unreadable',
          `${reader.name}: ${reader.failure}`,
          'workers of its version build it anew, if they run; else `parley drop-generation`, or `parley rebuild` for the one that serves',
        ),
      ];
    }
    const parked =
      reader.parked === 0
        ? []
        : [
            warning(
              'parked',
              `${reader.name} has parked ${reader.parked} conversations`,
              '`parley parked list` says why; `parley parked retry` folds them again',
            ),
          ];
    if (reader.state === 'building' || reader.behindMs < DOCTOR.standstillMs) return parked;
    if (reader.appliedPerSecond === 0) {
      return [
        ...parked,
        broken(
          'reader-stands-still',
          `${reader.name} is ${reader.behind} events behind and applies none`,
          'is its worker running? Its log says why it stopped (parley_reader_stopped); `parley lag --shards` names the shards',
        ),
      ];
    }
    const isLate = reader.behindMs > DOCTOR.behindMsMax;
    return isLate
      ? [
          ...parked,
          warning(
            'reader-behind',
            `${reader.name} is ${reader.behind} events behind, ${Math.round(reader.behindMs / 1_000)} s`,
            '`parley lag --watch`: when it does not catch up, start more workers',
          ),
        ]
      : parked;
  });

const generations = ({ leftOver, abandoned }: Facts): readonly Finding[] => [
  ...leftOver.map((name) =>
    warning(
      'generation-left-over',
      `${name} is stored, and no generation is registered under that name`,
      'once no rebuild runs, its files or tables can be deleted',
    ),
  ),
  ...abandoned.map((name) =>
    warning(
      'generation-unused',
      `${name} neither serves nor goes on being built`,
      '`parley rebuild` goes on with it, `parley drop-generation` deletes it',
    ),
  ),
];

const redis = ({ redis: facts }: Facts): readonly Finding[] => {
  if (facts === undefined) return [];
  if ('failure' in facts)
    return [
      broken(
        'redis-away',
        `Redis: ${facts.failure}`,
        'start it; meanwhile nobody is told of new messages, and nothing is lost',
      ),
    ];
  return facts.servers.flatMap(({ address, evictionPolicy, usedBytes, limitBytes }) => [
    ...(evictionPolicy === 'noeviction'
      ? []
      : [
          warning(
            'redis-evicts',
            `Redis at ${address} has maxmemory-policy ${evictionPolicy}: it forgets who is connected`,
            '`CONFIG SET maxmemory-policy noeviction`, and in its configuration file',
          ),
        ]),
    ...(limitBytes > 0 && usedBytes > limitBytes * (1 - DOCTOR.freeShareMin)
      ? [
          warning(
            'redis-fills',
            `Redis at ${address} uses ${Math.round((usedBytes / limitBytes) * 100)} % of its maxmemory`,
            'give it more memory',
          ),
        ]
      : []),
  ]);
};

function cassandra(facts: CassandraFacts): readonly Finding[] {
  if ('failure' in facts)
    return [
      broken('cassandra-away', `Cassandra: ${facts.failure}`, 'start it; sends are acked meanwhile, pages are not'),
    ];
  const { nodes, replication, keyspace, datacenter, copies } = facts;
  const down = nodes.filter(({ isUp }) => !isUp);
  const versions = new Set(nodes.map(({ version }) => version));
  const actual = replication?.[datacenter];
  return [
    ...down.map(({ address }) =>
      warning('cassandra-node-down', `the node ${address} is down`, 'start it: a read asks a quorum of the copies'),
    ),
    ...(versions.size > 1
      ? [warning('cassandra-versions-differ', `nodes run ${[...versions].join(', ')}`, 'finish the upgrade')]
      : []),
    ...(replication === undefined
      ? [
          broken(
            'keyspace-missing',
            `there is no keyspace ${keyspace}`,
            'start a projector: it creates the keyspace and folds the read models',
          ),
        ]
      : []),
    ...(replication !== undefined && Number(actual ?? 0) !== copies
      ? [
          warning(
            'replication-differs',
            `keyspace ${keyspace} keeps ${actual ?? 'no'} copies in ${datacenter}, PARLEY_CASSANDRA_REPLICAS is ${copies}`,
            `\`ALTER KEYSPACE ${keyspace} WITH replication = …\` and \`nodetool repair\`, or set PARLEY_CASSANDRA_REPLICAS to what is meant`,
          ),
        ]
      : []),
  ];
}
