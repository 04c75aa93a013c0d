// What the server says that is not an entry of a conversation, and the table of all it says.
import Type from 'typebox';
import {
  ChangeFrameSchema,
  ConversationFrameSchema,
  type ChangeFrame,
  type ConversationFrame,
} from './entry-frames.ts';
import { ErrorFrameSchema, type ErrorFrame } from './error-frame.ts';
import {
  ClientMessageIdSchema,
  ConversationIdSchema,
  DurationSchema,
  ID_PATTERN,
  PositionSchema,
  PositionsByConversationSchema,
  TimestampSchema,
  UserIdSchema,
} from './ids.ts';
import { HelloLimitsSchema } from './limits.ts';
import { MessageFrameSchema, type MessageFrame } from './message-frame.ts';
import type { Wire } from './wire.ts';

const ref = Type.Optional(Type.String({ description: 'The `ref` of the frame this answers.' }));
const conversationIds = Type.Array(ConversationIdSchema);

export const HelloFrameSchema = Type.Object(
  {
    type: Type.Literal('hello'),
    session_id: Type.String({ pattern: ID_PATTERN }),
    user_id: UserIdSchema,
    device_id: Type.String({ pattern: ID_PATTERN }),
    server_ts: TimestampSchema,
    heartbeat_ms: DurationSchema,
    token_exp_ts: TimestampSchema,
    log_epoch: Type.Integer({ minimum: 0, description: 'Another one than before: drop cursors and caches.' }),
    limits: HelloLimitsSchema,
  },
  { title: 'Hello', description: 'The first frame: the session is live from here.' },
);
export type HelloFrame = Wire<typeof HelloFrameSchema>;

export const AckFrameSchema = Type.Object(
  {
    type: Type.Literal('ack'),
    ref,
    client_msg_id: ClientMessageIdSchema,
    conversation_id: ConversationIdSchema,
    message_id: PositionSchema,
    position: PositionSchema,
    server_ts: TimestampSchema,
    duplicate: Type.Optional(Type.Boolean({ description: 'An earlier copy had been stored.' })),
  },
  { title: 'Ack', description: 'Accepted, durable in the log at this position; every page read after it includes it.' },
);
export type AckFrame = Wire<typeof AckFrameSchema>;

export const HistoryFrameSchema = Type.Object(
  {
    type: Type.Literal('history'),
    ref,
    conversation_id: ConversationIdSchema,
    messages: Type.Array(MessageFrameSchema),
    changes: Type.Array(ChangeFrameSchema),
    conversations: Type.Array(ConversationFrameSchema),
    more: Type.Boolean({ description: 'Another `history` of this conversation follows.' }),
  },
  { title: 'History', description: 'Missed entries of one conversation, oldest first.' },
);
export type HistoryFrame = Wire<typeof HistoryFrameSchema>;

export const ResumedFrameSchema = Type.Object(
  {
    type: Type.Literal('resumed'),
    ref,
    heads: PositionsByConversationSchema,
    others: PositionsByConversationSchema,
    others_more: Type.Boolean({ description: 'There are more conversations than `others` names.' }),
  },
  { title: 'Resumed', description: 'After it the cursor of each named conversation is `heads[id]`.' },
);
export type ResumedFrame = Wire<typeof ResumedFrameSchema>;

export const ResumeFailedFrameSchema = Type.Object(
  {
    type: Type.Literal('resume_failed'),
    ref,
    conversation_id: ConversationIdSchema,
    reason: Type.Enum(['too_old', 'too_many', 'not_a_member', 'unavailable']),
    head: Type.Optional(PositionSchema),
  },
  {
    title: 'ResumeFailed',
    description:
      '`too_old`, `too_many`: load the newest page by REST and go on from `head`; `not_a_member`: drop the conversation; ' +
      '`unavailable`: try again with back-off.',
  },
);
export type ResumeFailedFrame = Wire<typeof ResumeFailedFrameSchema>;

export const ResyncFrameSchema = Type.Object(
  { type: Type.Literal('resync'), conversation_ids: Type.Optional(conversationIds) },
  { title: 'Resync', description: 'Something may have been missed: `resume` these, or all.' },
);
export type ResyncFrame = Wire<typeof ResyncFrameSchema>;

export const HeadsFrameSchema = Type.Object(
  { type: Type.Literal('heads'), heads: PositionsByConversationSchema },
  { title: 'Heads', description: 'A head beyond the cursor: there is something to `resume` when it is looked at.' },
);
export type HeadsFrame = Wire<typeof HeadsFrameSchema>;

export const TokenExpiringFrameSchema = Type.Object(
  { type: Type.Literal('token_expiring'), in_ms: DurationSchema },
  { title: 'TokenExpiring', description: 'Send `auth` with a new token before then, or be closed with 4001.' },
);
export type TokenExpiringFrame = Wire<typeof TokenExpiringFrameSchema>;

export const AuthedFrameSchema = Type.Object(
  { type: Type.Literal('authed'), ref, token_exp_ts: TimestampSchema },
  { title: 'Authed', description: 'The new token holds.' },
);
export type AuthedFrame = Wire<typeof AuthedFrameSchema>;

export const PongFrameSchema = Type.Object(
  { type: Type.Literal('pong'), ref, server_ts: TimestampSchema },
  { title: 'Pong', description: 'Answers `ping`.' },
);
export type PongFrame = Wire<typeof PongFrameSchema>;

export const ReconnectFrameSchema = Type.Object(
  { type: Type.Literal('reconnect'), after_ms: DurationSchema, reason: Type.Enum(['drain', 'overload']) },
  { title: 'Reconnect', description: 'Connect anew after this time, already spread for this client.' },
);
export type ReconnectFrame = Wire<typeof ReconnectFrameSchema>;

export type ServerFrame =
  | HelloFrame
  | AckFrame
  | MessageFrame
  | ChangeFrame
  | ConversationFrame
  | HistoryFrame
  | ResumedFrame
  | ResumeFailedFrame
  | ResyncFrame
  | HeadsFrame
  | TokenExpiringFrame
  | AuthedFrame
  | PongFrame
  | ReconnectFrame
  | ErrorFrame;
export type ServerFrameType = ServerFrame['type'];

/** Every frame the server sends. The AsyncAPI document comes from it. */
export const SERVER_FRAMES = {
  hello: HelloFrameSchema,
  ack: AckFrameSchema,
  message: MessageFrameSchema,
  change: ChangeFrameSchema,
  conversation: ConversationFrameSchema,
  history: HistoryFrameSchema,
  resumed: ResumedFrameSchema,
  resume_failed: ResumeFailedFrameSchema,
  resync: ResyncFrameSchema,
  heads: HeadsFrameSchema,
  token_expiring: TokenExpiringFrameSchema,
  authed: AuthedFrameSchema,
  pong: PongFrameSchema,
  reconnect: ReconnectFrameSchema,
  error: ErrorFrameSchema,
} as const satisfies Record<ServerFrameType, unknown>;
