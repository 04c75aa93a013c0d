// What an operator's slip, a bad disk or a bug of ours could do to a read model: rows of the file that serves are taken away, altered,
// made up. The log knows better.
import { DatabaseSync } from 'node:sqlite';

/** The server writes to the same file. */
const busyTimeoutMs = 10_000;

export interface Damage {
  readonly conversationId: string;
  readonly told: string;
}

/** One kind of damage each, in conversations that `random` chooses. */
export function damageTimeline(file: string, random: () => number): readonly Damage[] {
  using database = new DatabaseSync(file, { timeout: busyTimeoutMs });
  const talked = database
    .prepare('SELECT conversation_id AS id FROM events WHERE client_msg_id IS NOT NULL GROUP BY id ORDER BY id')
    .all()
    .map(({ id }) => String(id));
  return DAMAGES.map((damage) => {
    const [conversationId = ''] = talked.splice(Math.floor(random() * talked.length), 1);
    const rows = database
      .prepare('SELECT position FROM events WHERE conversation_id = ? AND client_msg_id IS NOT NULL')
      .all(conversationId);
    const position = Number(rows[Math.floor(random() * rows.length)]?.['position']);
    database.prepare(damage.sql).run({ conversationId, position });
    return { conversationId, told: `${damage.does} ${position} of ${conversationId}` };
  });
}

const columns = `prev, ordinal, kind, actor_id, client_msg_id, decided_on, stored_ts, not_after_ts, idempotency_key,
  body_hash, event`;

/** The log is not that long. */
const beyond = 1_000_000_000;

const DAMAGES = [
  {
    does: 'deleted message',
    sql: 'DELETE FROM events WHERE conversation_id = :conversationId AND position = :position',
  },
  {
    does: 'put other words into message',
    sql: `UPDATE events SET event = json_set(event, '$.body', 'nobody ever said this')
      WHERE conversation_id = :conversationId AND position = :position`,
  },
  {
    does: 'made a message up, from message',
    sql: `INSERT INTO events (conversation_id, position, ${columns})
      SELECT conversation_id, position + ${beyond}, ${columns} FROM events
      WHERE conversation_id = :conversationId AND position = :position`,
  },
];
