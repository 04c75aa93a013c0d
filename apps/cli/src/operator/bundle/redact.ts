// Makes of a conversation one that may leave the company: other ids and other texts, the same ones everywhere within a bundle, so that
// it folds the same way. What stays: positions, times, the order of everything, who mentions whom and where, and roughly how
// long ids and texts are. Each event is built from what is known of it: a field that is not named here cannot slip through.
import { createHmac, randomBytes } from 'node:crypto';
import type { ChatEvent, ClientMessageId, ConversationId, MessageSent, StoredEvent, UserId } from '@parley/domain';

export interface Redaction {
  conversationId(id: ConversationId): ConversationId;
  event(stored: StoredEvent): StoredEvent;
}

const idLengths = [8, 16, 32, 64] as const;
const textLengthMin = 8;
const keyLength = 22;

/** Nobody who has not the secret, which is forgotten with it, can tell whether a name stands for a certain user. */
export function createRedaction(secret: Uint8Array = randomBytes(32)): Redaction {
  const digest = (kind: string, text: string, encoding: 'base64url' | 'hex'): string =>
    createHmac('sha512', secret).update(`${kind}:${text}`).digest(encoding);

  const userId = (id: UserId): UserId => digest('user', id, 'base64url').slice(0, lengthClass(id.length)) as UserId;

  function conversationId(id: ConversationId): ConversationId {
    const prefix = /^[dg]_/.exec(id)?.[0] ?? '';
    return `${prefix}${digest('conversation', id, 'base64url')}`.slice(0, lengthClass(id.length)) as ConversationId;
  }

  /** The version and the variant stay. */
  function clientMessageId(id: ClientMessageId): ClientMessageId {
    const hex = digest('message', id, 'hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${id[14]}${hex.slice(13, 16)}-${id[19]}${hex.slice(17, 20)}-${hex.slice(20, 32)}` as ClientMessageId;
  }

  const sent = (event: MessageSent): MessageSent => ({
    type: event.type,
    clientMsgId: clientMessageId(event.clientMsgId),
    body: redactText(event.body),
    bodyType: event.bodyType,
    ...(event.replyTo !== undefined && { replyTo: event.replyTo }),
    ...(event.threadId !== undefined && { threadId: event.threadId }),
    ...(event.mentions && {
      mentions: event.mentions.map(({ userId: id, offset, length }) => ({ userId: userId(id), offset, length })),
    }),
  });

  function fact(event: ChatEvent): ChatEvent {
    switch (event.type) {
      case 'message.sent':
        return sent(event);
      case 'conversation.created': {
        const { type, kind, memberIds, name, settings } = event;
        const named = name === undefined ? {} : { name: redactText(name) };
        return { type, kind, memberIds: memberIds.map(userId), ...named, settings: { history: settings.history } };
      }
      case 'conversation.members_added':
        return { type: event.type, userIds: event.userIds.map(userId), role: event.role };
      case 'conversation.member_removed':
      case 'conversation.member_left':
        return { type: event.type, userId: userId(event.userId) };
      case 'conversation.renamed':
        return { type: event.type, name: redactText(event.name) };
      case 'conversation.settings_changed':
        return { type: event.type, settings: { history: event.settings.history } };
      case 'conversation.role_changed':
        return { type: event.type, userId: userId(event.userId), role: event.role };
    }
  }

  return {
    conversationId,
    event: (stored) => ({
      conversationId: conversationId(stored.conversationId),
      actorId: userId(stored.actorId),
      event: fact(stored.event),
      decidedOn: stored.decidedOn,
      notAfterTs: stored.notAfterTs,
      idempotencyKey: digest('key', stored.idempotencyKey, 'base64url').slice(0, keyLength),
      bodyHash: digest('hash', stored.bodyHash, 'base64url').slice(0, keyLength),
      position: stored.position,
      storedTs: stored.storedTs,
    }),
  };
}

const lengthClass = (length: number): number => idLengths.find((most) => length <= most) ?? 64;

/**
 * Each character becomes one that takes as many bytes, and the end is filled up to a power of two: offsets still point into it,
 * and what a character's width can break still breaks. The empty text stays empty.
 */
export function redactText(text: string): string {
  if (text === '') return '';
  const masked = Array.from(text, mask).join('');
  return masked.padEnd(2 ** Math.ceil(Math.log2(Math.max(textLengthMin, masked.length))), 'x');
}

function mask(character: string): string {
  if (character.length === 2) return '🙂';
  if (character <= '\u007f') return 'x';
  return character <= '\u07ff' ? 'ß' : '語';
}
