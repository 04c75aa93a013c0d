// A conversation as a list shows it: its schema, and how it comes from the domain's state. Unread counts, mentions and the
// viewer's own marks are not here yet.
import {
  outlineOf,
  type ConversationId,
  type ConversationOutline,
  type OpenConversation,
  type UserId,
} from '@parley/domain';
import Type from 'typebox';
import { ConversationIdSchema, PositionSchema, TimestampSchema, UserIdSchema } from './ids.ts';
import { LIMITS } from './limits.ts';
import { MessageFrameSchema } from './message-frame.ts';
import type { Wire } from './wire.ts';

export const RoleSchema = Type.Enum(['owner', 'admin', 'member'], { title: 'Role' });

export const SettingsSchema = Type.Object(
  {
    history: Type.Enum(['shared', 'since_join'], {
      description:
        '`shared`: members also read what was said before they joined. A change holds for what was said before it, too.',
    }),
  },
  { title: 'ConversationSettings' },
);

export const ConversationNameSchema = Type.String({ minLength: 1, maxLength: LIMITS.conversationNameCharsMax });

const summary = {
  conversation_id: ConversationIdSchema,
  type: Type.Enum(['direct', 'group']),
  name: Type.Optional(ConversationNameSchema),
  member_count: Type.Integer({ minimum: 0 }),
  /** The other member of a direct chat, seen by whoever asks. */
  peer_id: Type.Optional(UserIdSchema),
  settings: SettingsSchema,
};

export const ConversationSummarySchema = Type.Object(summary, { title: 'ConversationSummary' });
export type ConversationSummary = Wire<typeof ConversationSummarySchema>;

export const ListedConversationSchema = Type.Object(
  {
    ...summary,
    head: PositionSchema,
    last_message: Type.Optional(MessageFrameSchema),
    last_activity_ts: TimestampSchema,
  },
  { title: 'ListedConversation', description: 'A conversation and what happened in it last.' },
);
export type ListedConversation = Wire<typeof ListedConversationSchema>;

/** Who looks: a direct chat shows its other member. Without a viewer there is no `peer_id`. */
export interface SummaryOf {
  readonly conversationId: ConversationId;
  readonly state: OpenConversation;
  readonly viewerId?: UserId;
}

export const conversationSummary = ({ state, ...rest }: SummaryOf): ConversationSummary =>
  outlineSummary({ ...rest, outline: outlineOf(state) });

export interface OutlineSummaryOf extends Omit<SummaryOf, 'state'> {
  readonly outline: ConversationOutline;
}

export function outlineSummary({ conversationId, outline, viewerId }: OutlineSummaryOf): ConversationSummary {
  const peerId = viewerId === undefined ? undefined : outline.pair?.find((userId) => userId !== viewerId);
  return {
    conversation_id: conversationId,
    type: outline.kind,
    ...(outline.name === undefined ? {} : { name: outline.name }),
    member_count: outline.memberCount,
    ...(peerId === undefined ? {} : { peer_id: peerId }),
    settings: { history: outline.settings.history },
  };
}
