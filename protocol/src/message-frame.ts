// A message as everyone sees it: live, in `history`, on a page.
import Type from 'typebox';
import { ClientMessageIdSchema, ConversationIdSchema, PositionSchema, TimestampSchema, UserIdSchema } from './ids.ts';
import { BodyTypeSchema, MentionsSchema } from './message-content.ts';
import type { Wire } from './wire.ts';

/** Position of the event before it in the conversation's log; `"0"`: none. */
export const PrevIdSchema = PositionSchema;

export const MessageFrameSchema = Type.Object(
  {
    type: Type.Literal('message'),
    conversation_id: ConversationIdSchema,
    message_id: PositionSchema,
    prev_id: PrevIdSchema,
    sender_id: UserIdSchema,
    client_msg_id: ClientMessageIdSchema,
    body: Type.String({ description: 'Empty where `deleted_ts` is there.' }),
    body_type: BodyTypeSchema,
    server_ts: TimestampSchema,
    reply_to: Type.Optional(PositionSchema),
    thread_id: Type.Optional(PositionSchema),
    mentions: Type.Optional(MentionsSchema),
    edited_ts: Type.Optional(TimestampSchema),
    deleted_ts: Type.Optional(TimestampSchema),
  },
  { title: 'Message', description: 'Somebody said something. Inside `history` and pages: in its present state.' },
);
export type MessageFrame = Wire<typeof MessageFrameSchema>;
