import { describe, expect, it } from 'vitest';
import type { Position, Shard } from '@parley/domain';
import type { ReaderRates } from '../watch/lag-table.ts';
import type { Facts } from './facts.ts';
import { diagnose } from './findings.ts';

const stream = {
  name: 'CHAT_0',
  messages: 5,
  bytes: 500,
  lastPosition: 5,
  erased: 0,
  consumers: 3,
  leader: 'nats-1',
  isClustered: true,
  replicas: [{ name: 'nats-2', isCurrent: true, isOffline: false, lag: 0 }],
};

const nats: Facts['nats'] = {
  version: '2.15.1',
  servers: ['127.0.0.1:4222'],
  aheadMs: 10,
  shards: 1,
  logEpoch: 1,
  streams: [stream],
  missing: [],
  differences: [],
  storage: { usedBytes: 500 },
};

const reader: ReaderRates = {
  name: 'timeline-g1',
  state: 'serving',
  failure: undefined,
  behind: 0,
  behindMs: 0,
  appliedPerSecond: 0,
  storedPerSecond: 0,
  parked: 0,
  workers: [],
  shards: [
    {
      shard: 0 as Shard,
      head: 5 as Position,
      checkpoint: 5 as Position,
      behind: 0,
      behindMs: 0,
      parked: 0,
      worker: undefined,
      appliedPerSecond: 0,
    },
  ],
};

const redisServer = {
  address: 'r:1',
  version: 'Valkey 9',
  usedBytes: 1,
  limitBytes: 0,
  evictionPolicy: 'noeviction',
  connections: 1,
};

const cassandra = {
  nodes: [{ address: 'c:1', isUp: true, version: '5.0.9' }],
  replication: { class: 'NetworkTopologyStrategy', dc1: '3' },
  generations: [],
  keyspace: 'parley',
  datacenter: 'dc1',
  copies: 3,
};

const healthy: Facts = {
  node: '24.21.0',
  nats,
  natsServers: [{ name: 'nats-1', version: '2.15.1', syncInterval: 'always' }],
  declaredShards: 1,
  disks: [{ what: 'a disk', usedBytes: 50, limitBytes: 100 }],
  readers: [reader],
  leftOver: [],
  abandoned: [],
  redis: { servers: [redisServer], gateways: [] },
  cassandra,
  unseen: [],
};

const lagging = { ...stream, replicas: [{ name: 'nats-2', isCurrent: false, isOffline: false, lag: 9 }] };
const offline = { ...stream, replicas: [{ name: 'nats-2', isCurrent: false, isOffline: true, lag: 9 }] };

describe('doctor', () => {
  it('finds nothing wrong with a healthy system', () => {
    expect(diagnose(healthy)).toEqual([]);
  });

  it.each<[code: string, severity: string, change: Partial<Facts>]>([
    ['nats-too-old', 'broken', { nats: { ...nats, version: '2.10.29' }, natsServers: [] }],
    ['nats-versions-differ', 'warning', { nats: { ...nats, version: '2.14.0' } }],
    ['node-too-old', 'warning', { node: '22.1.0' }],
    ['no-deployment', 'broken', { nats: { ...nats, shards: undefined } }],
    ['stream-missing', 'broken', { nats: { ...nats, missing: ['CHAT_0'] } }],
    [
      'stream-differs',
      'broken',
      { nats: { ...nats, differences: [{ stream: 'CHAT_0', key: 'max_age', declared: 0, actual: 1 }] } },
    ],
    ['shards-differ', 'broken', { declaredShards: 2 }],
    ['no-leader', 'broken', { nats: { ...nats, streams: [{ ...stream, leader: undefined }] } }],
    ['replica-lags', 'warning', { nats: { ...nats, streams: [lagging] } }],
    ['replica-offline', 'warning', { nats: { ...nats, streams: [offline] } }],
    ['sync-interval', 'broken', { natsServers: [{ name: 'nats-1', version: '2.15.1', syncInterval: '120 s' }] }],
    ['clock-skew', 'warning', { nats: { ...nats, aheadMs: -3_000 } }],
    ['disk-fills', 'warning', { disks: [{ what: 'a disk', usedBytes: 90, limitBytes: 100 }] }],
    ['disk-full', 'broken', { disks: [{ what: 'a disk', usedBytes: 99, limitBytes: 100 }] }],
    ['generation-unreadable', 'broken', { readers: [{ ...reader, failure: 'not in the store' }] }],
    ['parked', 'warning', { readers: [{ ...reader, parked: 1 }] }],
    ['reader-stands-still', 'broken', { readers: [{ ...reader, behind: 3, behindMs: 11_000 }] }],
    ['reader-behind', 'warning', { readers: [{ ...reader, behind: 3, behindMs: 31_000, appliedPerSecond: 1 }] }],
    ['generation-left-over', 'warning', { leftOver: ['timeline-g3'] }],
    ['generation-unused', 'warning', { abandoned: ['timeline-g3'] }],
    ['redis-away', 'broken', { redis: { failure: 'no connection' } }],
    [
      'redis-evicts',
      'warning',
      { redis: { servers: [{ ...redisServer, evictionPolicy: 'allkeys-lru' }], gateways: [] } },
    ],
    [
      'redis-fills',
      'warning',
      { redis: { servers: [{ ...redisServer, usedBytes: 9, limitBytes: 10 }], gateways: [] } },
    ],
    ['cassandra-away', 'broken', { cassandra: { failure: 'no node' } }],
    [
      'cassandra-node-down',
      'warning',
      { cassandra: { ...cassandra, nodes: [{ address: 'c:1', isUp: false, version: '5.0.9' }] } },
    ],
    [
      'cassandra-versions-differ',
      'warning',
      { cassandra: { ...cassandra, nodes: [...cassandra.nodes, { address: 'c:2', isUp: true, version: '5.0.8' }] } },
    ],
    ['keyspace-missing', 'broken', { cassandra: { ...cassandra, replication: undefined } }],
    ['replication-differs', 'warning', { cassandra: { ...cassandra, copies: 5 } }],
  ])('finds %s, %s, and only that', (code, severity, change) => {
    const findings = diagnose({ ...healthy, ...change });
    expect(findings).toMatchObject([{ code, severity }]);
    expect(findings[0]?.remedy).not.toBe('');
  });

  it('leaves alone a generation that is being built, and a reader that is only just behind', () => {
    const building = { ...reader, state: 'building', behind: 100, behindMs: 100_000, appliedPerSecond: 50 };
    const busy = { ...reader, behind: 100, behindMs: 900 };
    expect(diagnose({ ...healthy, readers: [building, busy] })).toEqual([]);
  });
});
