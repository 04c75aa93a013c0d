// What an analyst gets of an event: one row, plain columns (docs/export.md). Columns are only ever added.
import { isVoid, type ChatEvent, type StoredEvent } from '@parley/domain';

/** Of a cell that is not null. */
export type ColumnType = 'text' | 'json' | 'integer' | 'boolean' | 'time';

export const COLUMNS = {
  conversation_id: 'text',
  shard: 'integer',
  position: 'integer',
  stored_at: 'time',
  type: 'text',
  actor_id: 'text',
  is_void: 'boolean',
  decided_on: 'integer',
  not_after: 'time',
  client_msg_id: 'text',
  body: 'text',
  body_type: 'text',
  reply_to: 'integer',
  thread_id: 'integer',
  mentions: 'json',
  kind: 'text',
  name: 'text',
  history: 'text',
  user_ids: 'json',
  role: 'text',
} as const satisfies Record<string, ColumnType>;

export type Column = keyof typeof COLUMNS;
export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly Column[];

interface CellOf {
  readonly text: string;
  readonly json: readonly unknown[];
  readonly integer: number;
  readonly boolean: boolean;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** A column that does not apply is absent. */
export type ExportRow = { readonly [Name in Column]?: CellOf[(typeof COLUMNS)[Name]] };

export const toRow = (stored: StoredEvent, shard: number): ExportRow => ({
  conversation_id: stored.conversationId,
  shard,
  position: stored.position,
  stored_at: stored.storedTs,
  type: stored.event.type,
  actor_id: stored.actorId,
  is_void: isVoid(stored),
  decided_on: stored.decidedOn,
  not_after: stored.notAfterTs,
  ...defined(contentOf(stored.event)),
});

function contentOf(event: ChatEvent): { readonly [Name in keyof ExportRow]: ExportRow[Name] | undefined } {
  switch (event.type) {
    case 'message.sent':
      return {
        client_msg_id: event.clientMsgId,
        body: event.body,
        body_type: event.bodyType,
        reply_to: event.replyTo,
        thread_id: event.threadId,
        mentions: event.mentions?.map(({ userId, offset, length }) => ({ user_id: userId, offset, length })),
      };
    case 'conversation.created':
      return { kind: event.kind, name: event.name, history: event.settings.history, user_ids: event.memberIds };
    case 'conversation.members_added':
      return { user_ids: event.userIds, role: event.role };
    case 'conversation.member_removed':
    case 'conversation.member_left':
      return { user_ids: [event.userId] };
    case 'conversation.renamed':
      return { name: event.name };
    case 'conversation.settings_changed':
      return { history: event.settings.history };
    case 'conversation.role_changed':
      return { user_ids: [event.userId], role: event.role };
  }
}

// Without what is undefined, a row is as `ExportRow` has it.
const defined = (row: object): ExportRow =>
  Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== undefined));
