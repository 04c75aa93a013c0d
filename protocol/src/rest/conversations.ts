// REST: conversations and who is in them.
import Type from 'typebox';
import {
  ConversationNameSchema,
  ConversationSummarySchema,
  ListedConversationSchema,
  RoleSchema,
  SettingsSchema,
} from '../conversation-summary.ts';
import { ConversationIdSchema, IDEMPOTENCY_KEY_PATTERN, MemberParamSchema, UserIdSchema } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { Wire } from '../wire.ts';
import { cursorQuery, nextCursor, staleness } from './page.ts';
import type { Route } from './route.ts';

export const conversationParams = Type.Object({ conversation_id: ConversationIdSchema });

const userIds = { maxItems: LIMITS.groupMembersMax };

export const NewConversationSchema = Type.Object(
  {
    type: Type.Enum(['direct', 'group']),
    members: Type.Array(UserIdSchema, { ...userIds, description: 'Whoever asks is always one of them.' }),
    name: Type.Optional(ConversationNameSchema),
    settings: Type.Optional(Type.Partial(SettingsSchema, { title: 'NewConversationSettings' })),
  },
  { title: 'NewConversation' },
);
export type NewConversation = Wire<typeof NewConversationSchema>;

export const ConversationPatchSchema = Type.Object(
  {
    name: Type.Optional(ConversationNameSchema),
    settings: Type.Optional(Type.Partial(SettingsSchema, { title: 'ChangedSettings', minProperties: 1 })),
  },
  { title: 'ConversationPatch', minProperties: 1, description: 'What is not named stays as it is.' },
);

export type ConversationPatch = Wire<typeof ConversationPatchSchema>;

export const ConversationPageSchema = Type.Object(
  { conversations: Type.Array(ListedConversationSchema), ...nextCursor, ...staleness },
  { title: 'ConversationPage' },
);
export type ConversationPage = Wire<typeof ConversationPageSchema>;

export const MemberSchema = Type.Object({ user_id: UserIdSchema, role: RoleSchema }, { title: 'Member' });
export type Member = Wire<typeof MemberSchema>;

export const MemberPatchSchema = Type.Object({ role: RoleSchema }, { title: 'MemberPatch' });

export const MemberPageSchema = Type.Object(
  { members: Type.Array(MemberSchema), ...nextCursor, ...staleness },
  { title: 'MemberPage' },
);
export type MemberPage = Wire<typeof MemberPageSchema>;

export const NewMembersSchema = Type.Object(
  { user_ids: Type.Array(UserIdSchema, { ...userIds, minItems: 1 }), role: Type.Optional(RoleSchema) },
  { title: 'NewMembers', description: 'Without `role` they are plain members.' },
);
export type NewMembers = Wire<typeof NewMembersSchema>;

const memberParams = Type.Object({ ...conversationParams.properties, user_id: MemberParamSchema });

export const conversationRoutes = {
  createConversation: {
    method: 'POST',
    path: '/v1/conversations',
    summary: 'Open a direct chat or create a group',
    description:
      "A direct chat is opened once for both. A group's id derives from its creator and `Idempotency-Key`: the same request " +
      'again gives the same group, the same key with another body is `idempotency_mismatch`.',
    access: 'bearer',
    headers: Type.Object({
      'idempotency-key': Type.Optional(
        Type.String({ pattern: IDEMPOTENCY_KEY_PATTERN, description: 'For groups: makes a retry safe.' }),
      ),
    }),
    body: NewConversationSchema,
    responses: {
      200: { description: 'It was there already.', schema: ConversationSummarySchema },
      201: { description: 'Created.', schema: ConversationSummarySchema },
    },
    errors: ['idempotency_mismatch', 'conflict', 'no_such_user', 'forbidden'],
  },
  listConversations: {
    method: 'GET',
    path: '/v1/conversations',
    summary: 'My conversations, latest activity first',
    access: 'bearer',
    query: cursorQuery,
    responses: { 200: { description: 'One page.', schema: ConversationPageSchema } },
    errors: [],
  },
  getConversation: {
    method: 'GET',
    path: '/v1/conversations/{conversation_id}',
    summary: 'One conversation',
    access: 'bearer',
    params: conversationParams,
    responses: { 200: { description: 'Its present state.', schema: ConversationSummarySchema } },
    errors: ['not_a_member', 'no_such_conversation'],
  },
  updateConversation: {
    method: 'PATCH',
    path: '/v1/conversations/{conversation_id}',
    summary: 'Rename a group, or change its settings',
    description:
      'For owners and admins. A name and settings are two changes: the second may be refused when the first is made.',
    access: 'bearer',
    params: conversationParams,
    body: ConversationPatchSchema,
    responses: { 200: { description: 'Its present state.', schema: ConversationSummarySchema } },
    errors: ['not_a_member', 'no_such_conversation', 'forbidden'],
  },
  listMembers: {
    method: 'GET',
    path: '/v1/conversations/{conversation_id}/members',
    summary: 'Present members with their roles',
    access: 'bearer',
    params: conversationParams,
    query: cursorQuery,
    responses: { 200: { description: 'One page, in the order in which they first joined.', schema: MemberPageSchema } },
    errors: ['not_a_member', 'no_such_conversation'],
  },
  addMembers: {
    method: 'POST',
    path: '/v1/conversations/{conversation_id}/members',
    summary: 'Add members to a group',
    description: 'Those who are members already stay as they are.',
    access: 'bearer',
    params: conversationParams,
    body: NewMembersSchema,
    responses: { 200: { description: 'They are members now.', schema: ConversationSummarySchema } },
    errors: ['not_a_member', 'no_such_conversation', 'no_such_user', 'forbidden', 'conflict'],
  },
  removeMember: {
    method: 'DELETE',
    path: '/v1/conversations/{conversation_id}/members/{user_id}',
    summary: 'Remove a member, or leave with `me`',
    description: 'The last owner hands over before leaving; who is alone in a group just leaves.',
    access: 'bearer',
    params: memberParams,
    responses: { 204: { description: 'No member any more.' } },
    errors: ['not_a_member', 'no_such_conversation', 'forbidden'],
  },
  changeRole: {
    method: 'PATCH',
    path: '/v1/conversations/{conversation_id}/members/{user_id}',
    summary: 'Give a member another role',
    description: 'For owners. A group keeps an owner: the last one hands over before giving up the role, or leaving.',
    access: 'bearer',
    params: memberParams,
    body: MemberPatchSchema,
    responses: { 200: { description: 'The member with the role.', schema: MemberSchema } },
    errors: ['not_a_member', 'no_such_conversation', 'no_such_user', 'forbidden'],
  },
} as const satisfies Record<string, Route>;
