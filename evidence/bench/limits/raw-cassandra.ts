// The limit of the fleet's store: single inserts into one table at the consistency we use, as many in flight as there are pairs.
import { Client, types } from 'cassandra-driver';

export interface RawCassandra {
  readonly contactPoints: string[];
  readonly localDataCenter: string;
  readonly inFlight: number;
  readonly seconds: number;
}

export async function rawCassandra({ inFlight, seconds, ...place }: RawCassandra): Promise<number> {
  const client = new Client(place);
  try {
    await client.execute(
      "CREATE KEYSPACE IF NOT EXISTS raw WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 1}",
    );
    await client.execute(
      'CREATE TABLE IF NOT EXISTS raw.events (conversation_id text, position bigint, event text, PRIMARY KEY (conversation_id, position))',
    );
    const event = 'x'.repeat(380);
    const untilMs = performance.now() + seconds * 1_000;
    let count = 0;
    const lane = async (number: number): Promise<void> => {
      for (; performance.now() < untilMs; count++) {
        const values = [`g_${number}`, types.Long.fromNumber(count), event];
        await client.execute('INSERT INTO raw.events (conversation_id, position, event) VALUES (?, ?, ?)', values, {
          prepare: true,
          consistency: types.consistencies.quorum,
        });
      }
    };
    await Promise.all(Array.from({ length: inFlight }, (_, number) => lane(number)));
    await client.execute('DROP KEYSPACE raw');
    return count / seconds;
  } finally {
    await client.shutdown();
  }
}
