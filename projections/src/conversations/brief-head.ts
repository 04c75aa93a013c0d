// What a list shows of a conversation, whoever of its members looks: small, where a head has all who ever were members.
import { canRead, outlineOf, type ConversationOutline, type UserId } from '@parley/domain';
import type { ConversationHead } from './conversations.ts';
import type { RecentHead } from './recent-heads.ts';

export interface BriefHead extends Omit<ConversationHead, 'state'> {
  readonly outline: ConversationOutline;
}

/** Longer ones, by a long last message, are read from the rows each time: a list of hundreds stays small. */
const briefHeadCharsMax = 2_048;

/** Undefined when there is no conversation. */
export function briefHead({ state, ...head }: ConversationHead): BriefHead | undefined {
  return state.type === 'none' ? undefined : { ...head, outline: outlineOf(state) };
}

/** As a present member sees it: without a last message that is not theirs to read. */
export function briefHeadFor(head: ConversationHead, viewer: UserId): BriefHead | undefined {
  const { lastMessage, ...rest } = head;
  const isHidden = lastMessage && !canRead(head.state, viewer, lastMessage.position);
  return briefHead(isHidden ? rest : head);
}

export function headToRecent(head: ConversationHead): RecentHead {
  const { conversationId, position } = head;
  const brief = briefHead(head);
  const text = brief === undefined ? '' : JSON.stringify(brief);
  return { conversationId, position, text: text.length <= briefHeadCharsMax ? text : '' };
}

/** Undefined when it is none of this conversation's: somebody else wrote it. */
export function recentToBrief({ conversationId, position, text }: RecentHead): BriefHead | undefined {
  try {
    const brief = JSON.parse(text) as BriefHead;
    return brief.conversationId === conversationId && brief.position === position ? brief : undefined;
  } catch {
    return undefined; // the rows answer
  }
}
