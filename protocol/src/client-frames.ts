// What clients may say: one schema and one row per frame. A new frame is one schema, one member of `ClientFrame`, one row
// in CLIENT_FRAMES. What is not there (also `edit`, `read`, `call` …) has a defined fate: `error unknown_frame`.
import type { ConversationId, UserId } from '@parley/domain';
import Type from 'typebox';
import { ConversationIdSchema, PositionsByConversationSchema, TOKEN_PATTERN, UserIdSchema } from './ids.ts';
import { messageContent, type MessageContent } from './message-content.ts';
import type { Wire } from './wire.ts';

/** What a client calls its own frame; comes back on the reply or the error. */
export const refCharsMax = 64;
const ref = Type.Optional(
  Type.String({ maxLength: refCharsMax, description: 'Comes back on the reply or the error of this frame.' }),
);

export const SendFrameSchema = Type.Object(
  {
    type: Type.Literal('send'),
    ref,
    conversation_id: Type.Optional(ConversationIdSchema),
    to_user_id: Type.Optional(UserIdSchema),
    ...messageContent,
  },
  {
    title: 'Send',
    description: 'Says something. Exactly one of `conversation_id` and `to_user_id`; the latter opens the direct chat.',
  },
);

/** Answered by `ack` or `error`. */
export type SendFrame = MessageContent & {
  readonly type: 'send';
  readonly ref?: string;
} & SendTarget;

export type SendTarget =
  | { readonly conversation_id: ConversationId; readonly to_user_id?: never }
  | { readonly to_user_id: UserId; readonly conversation_id?: never };

export const ResumeFrameSchema = Type.Object(
  {
    type: Type.Literal('resume'),
    ref,
    last_seen: PositionsByConversationSchema,
    read: Type.Optional(PositionsByConversationSchema),
  },
  {
    title: 'Resume',
    description:
      'Asks for what was missed since these cursors; at most `limits.resume_conversations_max` conversations. ' +
      'Answered by `history` frames, then one `resumed`.',
  },
);
/** Answered by `history` frames, then one `resumed`. */
export type ResumeFrame = Wire<typeof ResumeFrameSchema>;

export const PingFrameSchema = Type.Object(
  { type: Type.Literal('ping'), ref },
  { title: 'Ping', description: 'Is anyone there? Answered by `pong`.' },
);
/** Answered by `pong`. */
export type PingFrame = Wire<typeof PingFrameSchema>;

export const AuthFrameSchema = Type.Object(
  { type: Type.Literal('auth'), ref, token: Type.String({ pattern: TOKEN_PATTERN }) },
  { title: 'Auth', description: 'A new token for this session, before the old one ends. Answered by `authed`.' },
);
/** Answered by `authed`; a bad token closes with 4001. */
export type AuthFrame = Wire<typeof AuthFrameSchema>;

export type ClientFrame = SendFrame | ResumeFrame | PingFrame | AuthFrame;
export type ClientFrameType = ClientFrame['type'];

/** Every frame this build understands. The parser and the AsyncAPI document come from it. */
export const CLIENT_FRAMES = {
  send: SendFrameSchema,
  resume: ResumeFrameSchema,
  ping: PingFrameSchema,
  auth: AuthFrameSchema,
} as const satisfies Record<ClientFrameType, unknown>;
