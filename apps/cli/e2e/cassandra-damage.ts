// What somebody with `cqlsh` can do to a fleet's read models behind the backs of those who fold them. Timestamps are as high as a worker
// may have written, as those of a bug of ours would be.
import { Client } from 'cassandra-driver';

type Environment = Readonly<Record<string, string>>;
type Row = Readonly<Record<string, unknown>>;

export interface Shell extends AsyncDisposable {
  run(cql: string): Promise<readonly Row[]>;
}

export async function openShell(environment: Environment): Promise<Shell> {
  const { PARLEY_CASSANDRA_CONTACT_POINTS: points = '', PARLEY_CASSANDRA_KEYSPACE: keyspace = 'parley' } = environment;
  const client = new Client({ contactPoints: points.split(','), localDataCenter: 'datacenter1', keyspace });
  await client.connect();
  return {
    run: async (cql) => (await client.execute(cql, [], { fetchSize: 5_000 })).rows ?? [], // of a change there are none
    [Symbol.asyncDispose]: () => client.shutdown(),
  };
}

export interface Target {
  /** A conversation in which nobody talks meanwhile; ann and bob are its members. */
  readonly conversationId: string;
  /** Where ann said something. */
  readonly message: number;
  /** Nothing was written for a later position of its shard. */
  readonly latest: number;
}

interface Damage {
  /** What `parley verify` calls it. */
  readonly finds: 'missing' | 'extra' | 'different' | 'flaw';
  /** Gives the conversation that is damaged then. */
  plant(shell: Shell, target: Target): Promise<string>;
}

const damage = (finds: Damage['finds'], cqlOf: (target: Target, at: string) => string, whom?: string): Damage => ({
  finds,
  async plant(shell, target) {
    await shell.run(cqlOf(target, `USING TIMESTAMP ${target.latest}`));
    return whom ?? target.conversationId;
  },
});

const event = ({ conversationId, message }: Target): string =>
  `WHERE conversation_id = '${conversationId}' AND bucket = 0 AND position = ${message}`;

/** By name of the read model, in its first generation. */
export const DAMAGES: Readonly<Record<string, readonly Damage[]>> = {
  timeline: [
    damage('missing', (target, at) => `DELETE FROM timeline_events_e1_g1 ${at} ${event(target)}`),
    damage('different', (target, at) => `UPDATE timeline_events_e1_g1 ${at} SET actor_id = 'eve' ${event(target)}`),
    damage('flaw', ({ conversationId }, at) => {
      const where = `WHERE conversation_id = '${conversationId}'`;
      return `DELETE FROM timeline_conversation_events_e1_g1 ${at} ${where}`;
    }),
    damage(
      'extra',
      ({ message }) =>
        `INSERT INTO timeline_events_e1_g1 (conversation_id, bucket, position, prev, ordinal, actor_id, decided_on, stored_ts,
         not_after_ts, idempotency_key, body_hash, event) VALUES ('g_nobody', 0, ${message}, 0, 1, 'eve', 0, 1, 1, '', '',
         '{"type":"conversation.member_left","userId":"eve"}') USING TIMESTAMP 1`,
      'g_nobody',
    ),
  ],
  conversations: [
    damage('missing', ({ conversationId }, at) => {
      const where = `WHERE user_id = 'bob' AND conversation_id = '${conversationId}'`;
      return `DELETE FROM conversations_memberships_e1_g1 ${at} ${where}`;
    }),
    damage('extra', ({ conversationId }) => {
      const cells = `('eve', '${conversationId}', 1, true) USING TIMESTAMP 1`;
      return `INSERT INTO conversations_memberships_e1_g1 (user_id, conversation_id, position, is_present) VALUES ${cells}`;
    }),
    damage('different', ({ conversationId }, at) => {
      const where = `WHERE conversation_id = '${conversationId}'`;
      return `DELETE state FROM conversations_heads_e1_g1 ${at} ${where}`;
    }),
  ],
  messages_per_day: [
    ofDay('missing', (at, where) => `DELETE FROM messages_per_day_entries_e1_g1 ${at} ${where}`),
    ofDay('different', (at, where) => `UPDATE messages_per_day_entries_e1_g1 ${at} SET messages = 99 ${where}`),
    damage('extra', ({ conversationId }) => {
      const cells = `('eve', 7, '${conversationId}', 1, 5) USING TIMESTAMP 1`;
      return `INSERT INTO messages_per_day_entries_e1_g1 (user_id, day, conversation_id, position, messages) VALUES ${cells}`;
    }),
  ],
};

/** Done to what ann said in a conversation, on whichever day that was. */
function ofDay(finds: Damage['finds'], cqlOf: (at: string, where: string) => string): Damage {
  return {
    finds,
    async plant(shell, { conversationId, latest }) {
      const rows = await shell.run(`SELECT * FROM messages_per_day_entries_e1_g1 WHERE user_id = 'ann'`);
      const day = Number(rows.find((row) => row['conversation_id'] === conversationId)?.['day']);
      const where = `WHERE user_id = 'ann' AND day = ${day} AND conversation_id = '${conversationId}'`;
      await shell.run(cqlOf(`USING TIMESTAMP ${latest}`, where));
      return conversationId;
    },
  };
}
