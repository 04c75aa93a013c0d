// Damage done to SQLite files by somebody with `sqlite3`, while a worker has them open.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { conversations, timeline } from '@parley/projections';
import { createWorld } from '../runtime/index.ts';
import { describeDamage, type Damage } from '../stored-form/damage.contract.ts';
import { openSqlite } from './index.ts';

async function open() {
  const directory = mkdtempSync(join(tmpdir(), 'parley-sqlite-'));
  const stores = await openSqlite({ directory, logEpoch: 1, world: createWorld(), report: () => undefined });
  return {
    stores,
    change(projection: string, sql: string): void {
      const database = new DatabaseSync(join(directory, `${projection}-g1.sqlite`), { timeout: 5_000 });
      database.exec(sql);
      database.close();
    },
    async [Symbol.asyncDispose]() {
      await stores[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
}

type Change = (sql: string) => void;

const timelineDamages = (change: Change): readonly Damage[] => [
  {
    name: 'a row is missing',
    plant: async ({ conversationId: id, message }) =>
      change(`DELETE FROM events WHERE conversation_id = '${id}' AND position = ${message}`),
    finds: { type: 'missing' },
  },
  {
    name: 'a row is extra',
    plant: async ({ conversationId: id, message, change: at }) =>
      change(`INSERT INTO events SELECT conversation_id, ${at} - 3, prev, ordinal, kind, actor_id, 'other', decided_on, stored_ts,
        not_after_ts, idempotency_key, body_hash, event FROM events WHERE conversation_id = '${id}' AND position = ${message}
        ON CONFLICT DO UPDATE SET prev = 7`),
    finds: { type: 'different' },
  },
  {
    name: 'a row lies beyond the log',
    plant: async ({ conversationId: id, message }) =>
      change(`INSERT INTO events SELECT conversation_id, position + 1000000000, prev, ordinal, kind, actor_id, 'later', decided_on,
        stored_ts, not_after_ts, idempotency_key, body_hash, event FROM events
        WHERE conversation_id = '${id}' AND position = ${message}`),
    finds: { type: 'extra' },
  },
  {
    name: 'a row of no event',
    plant: async ({ conversationId: id }) =>
      change(`UPDATE events SET conversation_id = 'g_nobody' WHERE conversation_id = '${id}' AND position % 2 = 0`),
    finds: { type: 'extra', conversationId: 'g_nobody' as never },
  },
  {
    name: 'a value is altered',
    plant: async ({ conversationId: id, message }) =>
      change(
        `UPDATE events SET event = json_set(event, '$.body', 'forged') WHERE conversation_id = '${id}' AND position = ${message}`,
      ),
    finds: { type: 'different' },
  },
  {
    name: 'a row cannot be read',
    plant: async ({ conversationId: id, message }) =>
      change(`UPDATE events SET event = '{' WHERE conversation_id = '${id}' AND position = ${message}`),
    finds: { type: 'flaw' },
  },
  {
    name: 'a look-up is wrong',
    plant: async ({ conversationId: id, message }) =>
      change(`UPDATE events SET client_msg_id = 'other' WHERE conversation_id = '${id}' AND position = ${message}`),
    finds: { type: 'flaw' },
  },
  {
    name: 'a head is altered',
    plant: async ({ conversationId: id }) =>
      change(`UPDATE heads SET ordinal = ordinal + 1 WHERE conversation_id = '${id}'`),
    finds: { type: 'different' },
  },
  {
    name: 'a head is ahead of the log',
    plant: async ({ conversationId: id }) =>
      change(`UPDATE heads SET position = 999999 WHERE conversation_id = '${id}'`),
    finds: { type: 'different', what: 'head' },
  },
  {
    name: 'a head is missing',
    plant: async ({ conversationId: id }) => change(`DELETE FROM heads WHERE conversation_id = '${id}'`),
    finds: { type: 'missing', what: 'head' },
  },
  {
    name: 'a conversation is missing',
    plant: async ({ conversationId: id }) =>
      change(`DELETE FROM events WHERE conversation_id = '${id}'; DELETE FROM heads WHERE conversation_id = '${id}'`),
    finds: { type: 'missing' },
  },
];

const conversationDamages = (change: Change): readonly Damage[] => [
  {
    name: 'a membership is missing',
    plant: async ({ conversationId: id }) =>
      change(`DELETE FROM memberships WHERE conversation_id = '${id}' AND user_id = 'bob'`),
    finds: { type: 'missing', what: 'row bob' },
  },
  {
    name: 'a membership is extra',
    plant: async ({ conversationId: id }) => change(`INSERT INTO memberships VALUES ('eve', '${id}', 1, 1)`),
    finds: { type: 'extra', what: 'row eve' },
  },
  {
    name: 'somebody who was removed is present',
    plant: async ({ conversationId: id }) =>
      change(`UPDATE memberships SET is_present = 1 WHERE conversation_id = '${id}' AND user_id = 'dan'`),
    finds: { type: 'different', what: 'row dan' },
  },
  {
    name: 'a state is missing',
    plant: async ({ conversationId: id }) => change(`DELETE FROM states WHERE conversation_id = '${id}'`),
    finds: { type: 'different', what: 'head' },
  },
  {
    name: 'a preview is altered',
    plant: async ({ conversationId: id }) => change(`UPDATE heads SET ordinal = 77 WHERE conversation_id = '${id}'`),
    finds: { type: 'different', what: 'head' },
  },
];

const namesOf = (damages: (change: Change) => readonly Damage[]): readonly string[] =>
  damages(() => undefined).map(({ name }) => name);

describeDamage(
  'timeline in SQLite',
  async () => {
    const files = await open();
    const damages = timelineDamages((sql) => files.change('timeline', sql));
    return {
      projection: timeline,
      store: await files.stores.timeline(1),
      damages,
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    };
  },
  namesOf(timelineDamages),
);

describeDamage(
  'conversations in SQLite',
  async () => {
    const files = await open();
    const damages = conversationDamages((sql) => files.change('conversations', sql));
    return {
      projection: conversations,
      store: await files.stores.conversations(1),
      damages,
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    };
  },
  namesOf(conversationDamages),
);
