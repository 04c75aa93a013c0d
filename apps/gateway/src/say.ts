// Saying something, whether it came as a frame or by REST: the wire's message into a command, and its outcome back.
import { directConversationId, idPath, type ConversationId, type MessageSent, type UserId } from '@parley/domain';
import { textToPosition, type MessageContent, type Refusal, type SendTarget } from '@parley/protocol';
import { openDirect } from './commands/change-conversation.ts';
import { inTurn, sendNow, type SendOutcome, type Sent } from './commands/send-message.ts';
import type { HandlerContext } from './context.ts';

export interface Saying {
  readonly senderId: UserId;
  readonly target: SendTarget;
  readonly content: MessageContent;
}

export interface Said {
  readonly conversationId: ConversationId;
  readonly outcome: Sent | { readonly type: 'Refused'; readonly refusal: Refusal };
}

/** Messages of one sender in one conversation get their positions in the order of these calls, the opening of it included. */
export async function say(context: HandlerContext, { senderId, target, content }: Saying): Promise<Said> {
  const { to_user_id: otherId } = target;
  const conversationId = target.conversation_id ?? directConversationId(senderId, target.to_user_id, context.digest);
  using trace = context.trace?.('send');
  const request = { conversationId, senderId, message: toMessage(content), traceparent: trace?.traceparent };
  const outcome = await inTurn(context, request, async () => {
    // Before anything is opened for it.
    const path = idPath(request.message.clientMsgId, context.world.now());
    if (path.type === 'clock-ahead') return { type: 'ClockAhead' } as const;
    const refusal = otherId === undefined ? undefined : await open(context, senderId, otherId);
    return refusal ?? sendNow(context, request);
  });
  trace?.note({ 'parley.conversation': conversationId, 'parley.outcome': outcome.type });
  if (outcome.type === 'Sent') return { conversationId, outcome };
  return { conversationId, outcome: { type: 'Refused', refusal: toRefusal(context, outcome) } };
}

async function open(context: HandlerContext, senderId: UserId, otherId: UserId) {
  const known = await context.states.recent(directConversationId(senderId, otherId, context.digest));
  if (known.state.type === 'open') return undefined; // a direct chat never closes
  const { outcome } = await openDirect(context, senderId, otherId);
  if (outcome.type === 'Refused') return outcome.refusal;
  return outcome.type === 'Appended' || outcome.type === 'Unchanged' ? undefined : outcome;
}

type NotSent = Exclude<SendOutcome, Sent> | Refusal;

const toRefusal = ({ world }: HandlerContext, outcome: NotSent): Refusal =>
  outcome.type === 'ClockAhead' ? { type: 'ClockAhead', serverTs: world.now() } : outcome;

/** `read_up_to` is accepted and has no effect until there are receipts. */
function toMessage(content: MessageContent): Omit<MessageSent, 'type'> {
  const { client_msg_id, body, reply_to, thread_id, mentions } = content;
  return {
    clientMsgId: client_msg_id,
    body,
    bodyType: 'text',
    ...(reply_to === undefined ? {} : { replyTo: textToPosition(reply_to) }),
    ...(thread_id === undefined ? {} : { threadId: textToPosition(thread_id) }),
    ...(mentions === undefined ? {} : { mentions: mentions.map(toMention) }),
  };
}

const toMention = ({ user_id, offset, length }: NonNullable<MessageContent['mentions']>[number]) => ({
  userId: user_id,
  offset,
  length,
});
