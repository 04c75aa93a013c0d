// How streams and subjects are spelled. Ids are safe in a subject by their pattern (`domain/ids.ts`): no dot, no wildcard.
import { parseConversationId, type ConversationId, type Shard } from '@parley/domain';

export const chatStream = (shard: Shard): string => `CHAT_${shard}`;

/** `msg`: what was said. `meta`: facts about the conversation itself; the condition of every append names this subject. */
export type SubjectKind = 'msg' | 'meta';

export interface ChatSubject {
  readonly shard: Shard;
  readonly conversationId: ConversationId;
  readonly kind: SubjectKind;
}

export const chatSubject = ({ shard, conversationId, kind }: ChatSubject): string =>
  `chat.${shard}.${conversationId}.${kind}`;

/** All that is stored of one conversation. */
export const conversationSubjects = ({ shard, conversationId }: Omit<ChatSubject, 'kind'>): string =>
  `chat.${shard}.${conversationId}.*`;

/** The conversation a subject names; undefined when the subject is not one of ours. */
export function parseChatSubject(subject: string): Omit<ChatSubject, 'shard'> | undefined {
  const [chat, , id = '', kind, ...rest] = subject.split('.');
  if (chat !== 'chat' || (kind !== 'msg' && kind !== 'meta') || rest.length > 0) return undefined;
  const conversationId = parseConversationId(id);
  return conversationId === undefined ? undefined : { conversationId, kind };
}

/** Core NATS, not stored: frames for the sessions of one gateway process. */
export const gatewaySubject = (gatewayId: string): string => `gw.${gatewayId}`;

/** Core NATS, not stored: a hint that a conversation changed. */
export const invalidateSubject = (conversationId: string): string => `invalidate.${conversationId}`;

/** A conversation that a projection could not go on with. */
export const parkedSubject = (projection: string, conversationId: string): string =>
  `parked.${projection}.${conversationId}`;
