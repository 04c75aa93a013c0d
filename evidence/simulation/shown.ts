// Frames and records of the log as the history spells them. Of the wire and the records alone: it shares nothing with the code
// that made them.
import { decode } from '@msgpack/msgpack';
import type { ConversationChange, Said, Shown } from '@parley/proof';
import type { Frame } from './line.ts';

export function shownInFrame(frame: Frame): Shown {
  const position = Number(frame['position'] ?? frame['message_id']);
  return { position, prev: Number(frame['prev_id']), said: saidInFrame(frame) };
}

function saidInFrame(frame: Frame): Said {
  if (frame.type === 'message') {
    const { sender_id, client_msg_id, body } = frame;
    return { type: 'message', sender: String(sender_id), clientMsgId: String(client_msg_id), body: String(body) };
  }
  const event = frame['event'] as {
    readonly type: string;
    readonly user_id?: string;
    readonly user_ids?: readonly string[];
    readonly role?: Role;
    readonly name?: string;
    readonly settings?: Settings;
  };
  const users = event.user_ids ?? (event.user_id === undefined ? [] : [event.user_id]);
  return { type: changeNamed(event.type), by: String(frame['actor_id']), users, ...details(event) };
}

type Role = NonNullable<ConversationChange['role']>;

interface Settings {
  readonly history: 'shared' | 'since_join';
}

interface Details {
  readonly role?: Role;
  readonly name?: string;
  readonly settings?: Settings;
}

const details = ({ role, name, settings }: Details) => ({
  ...(role !== undefined && { role }),
  ...(name !== undefined && { name }),
  ...(settings !== undefined && { history: settings.history }),
});

function changeNamed(name: string): ConversationChange['type'] {
  const type = CHANGES[name];
  if (type === undefined) throw new Error(`a change unknown to the judge: ${name}`);
  return type;
}

const CHANGES: Readonly<Record<string, ConversationChange['type']>> = {
  created: 'created',
  members_added: 'added',
  member_removed: 'removed',
  member_left: 'left',
  renamed: 'renamed',
  settings_changed: 'settings',
  role_changed: 'role',
};

interface LogRecord {
  readonly event: string;
  readonly actor: string;
  readonly notAfter: number;
  readonly data: Details & {
    readonly clientMsgId?: string;
    readonly body?: string;
    readonly memberIds?: readonly string[];
    readonly userIds?: readonly string[];
    readonly userId?: string;
  };
}

export interface LoggedRecord {
  readonly said: Said;
  readonly notAfterTs: number;
}

export function saidInRecord(bytes: Uint8Array): LoggedRecord {
  const { event, actor, notAfter, data } = decode(bytes) as LogRecord;
  const name = event.slice(0, event.indexOf('.v'));
  if (name === 'message.sent') {
    const { clientMsgId = '', body = '' } = data;
    return { said: { type: 'message', sender: actor, clientMsgId, body }, notAfterTs: notAfter };
  }
  const users = data.memberIds ?? data.userIds ?? (data.userId === undefined ? [] : [data.userId]);
  const type = changeNamed(name.replace('conversation.', ''));
  return { said: { type, by: actor, users, ...details(data) }, notAfterTs: notAfter };
}
