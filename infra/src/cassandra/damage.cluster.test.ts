// Damage done to tables by somebody with `cqlsh`, while a worker writes to them.
import { conversations, timeline } from '@parley/projections';
import { describeDamage, type Damage, type Planting } from '../stored-form/damage.contract.ts';
import { READ_MODELS } from './client-options.ts';
import { openCassandra, type CassandraStores } from './index.ts';
import { testCluster } from './test-servers.ts';

type Change = (cql: string) => Promise<void>;

/** As high as a worker may have written, lower than what a refold writes: as a bug of ours would. */
const at = ({ latest }: Planting): string => `USING TIMESTAMP ${latest}`;
const event = ({ conversationId, message }: Planting): string =>
  `WHERE conversation_id = '${conversationId}' AND bucket = 0 AND position = ${message}`;

const timelineDamages = (change: Change): readonly Damage[] => [
  {
    name: 'a row is missing',
    plant: (target) => change(`DELETE FROM timeline_events ${at(target)} ${event(target)}`),
    finds: { type: 'missing' },
  },
  {
    name: 'a value is altered',
    plant: (target) => change(`UPDATE timeline_events ${at(target)} SET prev = 1 ${event(target)}`),
    finds: { type: 'different' },
  },
  {
    name: 'a row is extra',
    plant: (target) =>
      change(`INSERT INTO timeline_events (conversation_id, bucket, position, prev, ordinal, actor_id, decided_on, stored_ts,
        not_after_ts, idempotency_key, body_hash, event) VALUES ('g_nobody', 0, ${target.message}, 0, 1, 'eve', 0, 1, 1, '', '',
        '{"type":"conversation.member_left","userId":"eve"}') USING TIMESTAMP 1`),
    finds: { type: 'extra', conversationId: 'g_nobody' as never },
  },
  {
    name: 'a head is altered',
    plant: (target) =>
      change(`UPDATE timeline_heads ${at(target)} SET ordinal = 77 WHERE conversation_id = '${target.conversationId}'`),
    finds: { type: 'different', what: 'head' },
  },
  {
    name: 'the look-up rows are missing',
    plant: ({ conversationId: id, latest }) => change(`client_msg_ids ${id} ${latest}`),
    finds: { type: 'flaw' },
  },
  {
    name: 'the second copy of conversation events is missing',
    plant: (target) =>
      change(
        `DELETE FROM timeline_conversation_events ${at(target)} WHERE conversation_id = '${target.conversationId}'`,
      ),
    finds: { type: 'flaw' },
  },
  {
    name: 'a bucket begins where none does',
    plant: ({ conversationId: id, message }) =>
      change(
        `INSERT INTO timeline_buckets (conversation_id, first_position, bucket) VALUES ('${id}', ${message}, 1) USING TIMESTAMP 1`,
      ),
    finds: { type: 'flaw' },
  },
  {
    name: 'a timestamp from the future',
    plant: (target) => change(`UPDATE timeline_events SET prev = 1 ${event(target)}`),
    finds: { type: 'flaw', isLasting: true },
    isLasting: true,
  },
];

const conversationDamages = (change: Change): readonly Damage[] => [
  {
    name: 'a membership is missing',
    plant: (target) =>
      change(
        `DELETE FROM conversations_memberships ${at(target)} WHERE user_id = 'bob' AND conversation_id = '${target.conversationId}'`,
      ),
    finds: { type: 'missing', what: 'row bob' },
  },
  {
    name: 'a membership is extra',
    plant: ({ conversationId: id }) =>
      change(`INSERT INTO conversations_memberships (user_id, conversation_id, position, is_present)
        VALUES ('eve', '${id}', 1, true) USING TIMESTAMP 1`),
    finds: { type: 'extra', what: 'row eve' },
  },
  {
    name: 'a state is missing',
    plant: (target) =>
      change(`DELETE state FROM conversations_heads ${at(target)} WHERE conversation_id = '${target.conversationId}'`),
    finds: { type: 'different', what: 'head' },
  },
];

const namesOf = (damages: (change: Change) => readonly Damage[]): readonly string[] =>
  damages(async () => undefined).map(({ name }) => name);

async function open() {
  const cluster = await testCluster();
  const stores = await openCassandra(cluster.options);
  const { keyspace } = cluster.options;
  const execute = async (cql: string) => cluster.operator.execute(cql, [], { executionProfile: READ_MODELS });
  return {
    stores,
    async change(cql: string): Promise<void> {
      if (cql.startsWith('client_msg_ids ')) return forgetIds(cql.split(' ')[1] ?? '', Number(cql.split(' ')[2]));
      const named = cql.replace(
        /(timeline|conversations)_(\w+)/,
        (_, projection: string, table: string) => `${keyspace}.${projection}_${table}_e1_g1`,
      );
      await execute(named);
    },
    async [Symbol.asyncDispose]() {
      await stores[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };

  async function forgetIds(id: string, latest: number): Promise<void> {
    const table = `${keyspace}.timeline_client_msg_ids_e1_g1`;
    const { rows } = await execute(`SELECT DISTINCT conversation_id, sender_id, client_msg_id FROM ${table}`);
    for (const row of rows) {
      if (row.get('conversation_id') !== id) continue;
      const where = `conversation_id = '${id}' AND sender_id = '${row.get('sender_id')}' AND client_msg_id = '${row.get('client_msg_id')}'`;
      await execute(`DELETE FROM ${table} USING TIMESTAMP ${latest} WHERE ${where}`);
    }
  }
}

async function opened<Store>(
  openStore: (stores: CassandraStores) => Promise<Store>,
  damages: (change: Change) => readonly Damage[],
) {
  const tables = await open();
  return {
    store: await openStore(tables.stores),
    damages: damages((cql) => tables.change(cql)),
    [Symbol.asyncDispose]: () => tables[Symbol.asyncDispose](),
  };
}

describeDamage(
  'timeline in Cassandra',
  async () => ({ projection: timeline, ...(await opened((stores) => stores.timeline(1), timelineDamages)) }),
  namesOf(timelineDamages),
);

describeDamage(
  'conversations in Cassandra',
  async () => ({
    projection: conversations,
    ...(await opened((stores) => stores.conversations(1), conversationDamages)),
  }),
  namesOf(conversationDamages),
);
