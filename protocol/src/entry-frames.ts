// What happens in a conversation besides messages, as it is told live and in `history`: changes of messages and of the
// conversation itself. Variants are objects with a `type` of their own.
import Type, { type TProperties } from 'typebox';
import {
  ConversationNameSchema,
  ConversationSummarySchema,
  RoleSchema,
  SettingsSchema,
} from './conversation-summary.ts';
import { ConversationIdSchema, PositionSchema, TimestampSchema, UserIdSchema } from './ids.ts';
import { LIMITS } from './limits.ts';
import { MentionsSchema } from './message-content.ts';
import { PrevIdSchema } from './message-frame.ts';
import type { Wire } from './wire.ts';

const variant = <const Name extends string, Fields extends TProperties>(name: Name, fields: Fields) =>
  Type.Object({ type: Type.Literal(name), ...fields });

const emoji = Type.String({ minLength: 1, maxLength: 64 });

const MessageChangeSchema = Type.Union([
  variant('edited', { body: Type.String(), mentions: Type.Optional(MentionsSchema) }),
  variant('deleted', {}),
  variant('reaction_added', { emoji }),
  variant('reaction_removed', { emoji }),
  variant('pinned', {}),
  variant('unpinned', {}),
]);

export const ChangeFrameSchema = Type.Object(
  {
    type: Type.Literal('change'),
    conversation_id: ConversationIdSchema,
    position: PositionSchema,
    prev_id: PrevIdSchema,
    message_id: PositionSchema,
    actor_id: UserIdSchema,
    server_ts: TimestampSchema,
    change: MessageChangeSchema,
  },
  { title: 'Change', description: 'Something happened to a message. Not sent yet.' },
);
export type ChangeFrame = Wire<typeof ChangeFrameSchema>;

const userIds = Type.Array(UserIdSchema, { minItems: 1, maxItems: LIMITS.groupMembersMax });

const ConversationChangeSchema = Type.Union([
  variant('created', { conversation: ConversationSummarySchema }),
  variant('renamed', { name: ConversationNameSchema }),
  variant('settings_changed', { settings: SettingsSchema }),
  variant('members_added', {
    user_ids: userIds,
    role: RoleSchema,
    conversation: Type.Optional(ConversationSummarySchema),
  }),
  variant('member_removed', { user_id: UserIdSchema }),
  variant('member_left', { user_id: UserIdSchema }),
  variant('role_changed', { user_id: UserIdSchema, role: RoleSchema }),
]);
export type ConversationChange = Wire<typeof ConversationChangeSchema>;

export const ConversationFrameSchema = Type.Object(
  {
    type: Type.Literal('conversation'),
    conversation_id: ConversationIdSchema,
    position: PositionSchema,
    prev_id: PrevIdSchema,
    actor_id: UserIdSchema,
    server_ts: TimestampSchema,
    event: ConversationChangeSchema,
  },
  {
    title: 'Conversation',
    description: 'Something happened to the conversation. New members get `members_added` with its summary.',
  },
);
export type ConversationFrame = Wire<typeof ConversationFrameSchema>;
