// What an event of the log says, read from its MessagePack record by the names that the log's readers agreed on.
import type { ConversationChange, Role, Said } from './history.ts';

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
    readonly name?: string;
    readonly role?: Role;
    readonly settings?: { readonly history: 'shared' | 'since_join' };
  };
}

/** An event that is not known here is an error: no judge may pass over what it cannot read. */
export function recordToSaid(record: unknown): Said {
  const { event, actor, data } = record as EventRecord;
  if (event === 'message.sent.v1') {
    const { clientMsgId = '', body = '' } = data;
    return { type: 'message', sender: actor, clientMsgId, body };
  }
  const type = CHANGES.get(event);
  if (type === undefined) throw new Error(`an event unknown to the judge: ${event}`);
  return { type, by: actor, ...usersAndDetails(data) };
}

const CHANGES: ReadonlyMap<string, ConversationChange['type']> = new Map([
  ['conversation.created.v1', 'created'],
  ['conversation.members_added.v1', 'added'],
  ['conversation.member_removed.v1', 'removed'],
  ['conversation.member_left.v1', 'left'],
  ['conversation.renamed.v1', 'renamed'],
  ['conversation.settings_changed.v1', 'settings'],
  ['conversation.role_changed.v1', 'role'],
]);

const usersAndDetails = ({ memberIds, userIds, userId, role, name, settings }: EventRecord['data']) => ({
  users: memberIds ?? userIds ?? (userId === undefined ? [] : [userId]),
  ...(role === undefined ? {} : { role }),
  ...(name === undefined ? {} : { name }),
  ...(settings === undefined ? {} : { history: settings.history }),
});
