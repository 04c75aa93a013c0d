// What an event of the log says, read from its MessagePack record by the names that the log's readers agreed on.
import type { Said } from './history.ts';

interface EventRecord {
  /** Versioned: `message.sent.v1`. */
  readonly event: string;
  readonly actor: string;
  readonly data: {
    readonly clientMsgId?: string;
    readonly body?: string;
    readonly memberIds?: readonly string[];
    readonly userIds?: readonly string[];
    readonly userId?: string;
    readonly settings?: { readonly history?: 'shared' | 'since_join' };
  };
}

/** An event that is not known here is an error: no judge may pass over what it cannot read. */
export function recordToSaid(record: unknown): Said {
  const { event, actor, data } = record as EventRecord;
  const { clientMsgId = '', body = '', memberIds = [], userIds = [], userId = '' } = data;
  switch (event) {
    case 'message.sent.v1':
      return { type: 'message', sender: actor, clientMsgId, body };
    case 'conversation.created.v1':
      return { type: 'created', users: memberIds, history: data.settings?.history ?? 'shared' };
    case 'conversation.members_added.v1':
      return { type: 'added', users: userIds };
    case 'conversation.member_removed.v1':
      return { type: 'removed', users: [userId] };
    case 'conversation.member_left.v1':
      return { type: 'left', users: [userId] };
    default:
      throw new Error(`an event unknown to the judge: ${event}`);
  }
}
