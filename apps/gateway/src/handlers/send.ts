// `send` -> `ack` once the message is durable in the log, else `error`.
import { errorFrame, positionToText, refusalToError, type SendFrame } from '@parley/protocol';
import type { HandlerContext } from '../context.ts';
import { refuse } from '../refuse.ts';
import { say } from '../say.ts';
import type { Session } from '../session.ts';

export async function send(context: HandlerContext, session: Session, frame: SendFrame): Promise<void> {
  const arrivedTs = context.world.now();
  const saying = { senderId: session.entry.userId, target: frame, content: frame };
  const { conversationId, outcome } = await say(context, saying);
  if (outcome.type === 'Refused') {
    const error = refusalToError(outcome.refusal);
    return refuse(context, session, errorFrame(error, { ...frame, conversation_id: conversationId }));
  }
  const position = positionToText(outcome.position);
  const now = context.world.now();
  session.send({
    type: 'ack',
    ...(frame.ref === undefined ? {} : { ref: frame.ref }),
    client_msg_id: frame.client_msg_id,
    conversation_id: conversationId,
    message_id: position,
    position,
    server_ts: now,
    ...(outcome.duplicate ? { duplicate: true } : {}),
  });
  context.observer.acked(now - arrivedTs);
}
