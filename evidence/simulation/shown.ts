// Frames and records of the log as the history spells them. Of the wire and the records alone: it shares nothing with the code
// that made them.
import { decode } from '@msgpack/msgpack';
import type { Said, Shown } from '@parley/proof';
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
  };
  const users = event.user_ids ?? (event.user_id === undefined ? [] : [event.user_id]);
  return { type: CHANGES[event.type] ?? 'created', users };
}

const CHANGES: Readonly<Record<string, 'created' | 'added' | 'removed' | 'left'>> = {
  created: 'created',
  members_added: 'added',
  member_removed: 'removed',
  member_left: 'left',
};

interface LogRecord {
  readonly event: string;
  readonly actor: string;
  readonly notAfter: number;
  readonly data: {
    readonly clientMsgId?: string;
    readonly body?: string;
    readonly memberIds?: readonly string[];
    readonly userIds?: readonly string[];
    readonly userId?: string;
    readonly settings?: { readonly history: 'shared' | 'since_join' };
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
  const change = CHANGES[name.replace('conversation.', '')] ?? 'created';
  const users = data.memberIds ?? data.userIds ?? (data.userId === undefined ? [] : [data.userId]);
  const said: Said = { type: change, users, ...(data.settings && { history: data.settings.history }) };
  return { said, notAfterTs: notAfter };
}
