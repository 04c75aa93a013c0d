// REST: saying something, and reading what was said.
import Type from 'typebox';
import { ChangeFrameSchema, ConversationFrameSchema } from '../entry-frames.ts';
import { ConversationIdSchema, PositionSchema, TimestampSchema } from '../ids.ts';
import { contentRefusal, messageContent } from '../message-content.ts';
import { MessageFrameSchema } from '../message-frame.ts';
import type { Wire } from '../wire.ts';
import { conversationParams } from './conversations.ts';
import { limit, staleness } from './page.ts';
import type { Route, RouteRule } from './route.ts';

export const NewMessageSchema = Type.Object(messageContent, {
  title: 'NewMessage',
  description: 'As the frame `send`.',
});

export const StoredMessageSchema = Type.Object(
  { message_id: PositionSchema, position: PositionSchema, server_ts: TimestampSchema },
  { title: 'StoredMessage', description: 'Accepted and durable in the log at this position.' },
);
export type StoredMessage = Wire<typeof StoredMessageSchema>;

export const MessagePageSchema = Type.Object(
  {
    messages: Type.Array(MessageFrameSchema),
    changes: Type.Optional(Type.Array(ChangeFrameSchema)),
    conversations: Type.Optional(
      Type.Array(ConversationFrameSchema, { description: 'Membership events in the range.' }),
    ),
    has_more: Type.Boolean({ description: 'There is more in the direction of the page.' }),
    ...staleness,
  },
  { title: 'MessagePage' },
);
export type MessagePage = Wire<typeof MessagePageSchema>;

const notFound = ['not_a_member', 'no_such_conversation'] as const;

export const messageRoutes = {
  sendMessage: {
    method: 'POST',
    path: '/v1/conversations/{conversation_id}/messages',
    summary: 'Say something',
    description:
      'The same `client_msg_id` again gives the same message; with other content it is `idempotency_mismatch`.',
    access: 'bearer',
    params: conversationParams,
    body: NewMessageSchema,
    responses: {
      200: { description: 'It had been stored before.', schema: StoredMessageSchema },
      201: { description: 'Stored.', schema: StoredMessageSchema },
    },
    errors: [...notFound, 'body_too_large', 'idempotency_mismatch', 'clock_ahead', 'blocked', 'suspended'],
  },
  listMessages: {
    method: 'GET',
    path: '/v1/conversations/{conversation_id}/messages',
    summary: 'One page of what was said',
    description:
      'At most one of `before`, `after` and `around`; none of them: the newest page. Newest first for `before` and for the ' +
      'newest page, else oldest first. Every page includes everything acked before it was asked for.',
    access: 'bearer',
    params: conversationParams,
    query: Type.Object({
      before: Type.Optional(PositionSchema),
      after: Type.Optional(PositionSchema),
      around: Type.Optional(PositionSchema),
      limit,
    }),
    responses: { 200: { description: 'One page.', schema: MessagePageSchema } },
    errors: notFound,
  },
  getMessage: {
    method: 'GET',
    path: '/v1/conversations/{conversation_id}/messages/{message_id}',
    summary: 'One message in its present state',
    access: 'bearer',
    params: Type.Object({ conversation_id: ConversationIdSchema, message_id: PositionSchema }),
    responses: { 200: { description: 'The message.', schema: MessageFrameSchema } },
    errors: [...notFound, 'no_such_message'],
  },
} as const satisfies Record<string, Route>;

export const newMessageRule: RouteRule<typeof messageRoutes.sendMessage> = ({ body }, limits) =>
  contentRefusal(body, limits);

export const oneAnchorRule: RouteRule<typeof messageRoutes.listMessages> = ({ query }) => {
  const anchors = [query.before, query.after, query.around].filter((anchor) => anchor !== undefined);
  if (anchors.length <= 1) return undefined;
  return { type: 'BadFrame', reason: 'before: at most one of before, after and around' };
};
