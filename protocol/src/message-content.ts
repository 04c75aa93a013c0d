// What a message says, as clients send it, by frame or by REST: its schema, and the rules a schema cannot express.
import type { ClientMessageId } from '@parley/domain';
import Type from 'typebox';
import { ClientMessageIdSchema, PositionSchema, UserIdSchema } from './ids.ts';
import { LIMITS, type WireLimits } from './limits.ts';
import type { Refusal } from './refusals.ts';
import { utf8BytesExceed } from './utf8.ts';
import type { Wire } from './wire.ts';

export const MentionSchema = Type.Object(
  {
    user_id: UserIdSchema,
    offset: Type.Integer({ minimum: 0, description: 'Where it begins in the body, in UTF-16 code units.' }),
    length: Type.Integer({ minimum: 1, description: 'How long it is, in UTF-16 code units.' }),
  },
  { title: 'Mention' },
);
export type MentionOnWire = Wire<typeof MentionSchema>;

export const MentionsSchema = Type.Array(MentionSchema, { maxItems: LIMITS.mentionsMax });

/** Reserved for later: `media`, `system`, `encrypted`. */
export const BodyTypeSchema = Type.Literal('text');

export const messageContent = {
  client_msg_id: ClientMessageIdSchema,
  body: Type.String({
    minLength: 1,
    description: 'Well-formed Unicode, at most `limits.body_bytes_max` bytes of UTF-8.',
  }),
  body_type: Type.Optional(BodyTypeSchema),
  reply_to: Type.Optional(PositionSchema),
  thread_id: Type.Optional(PositionSchema),
  mentions: Type.Optional(MentionsSchema),
  media: Type.Optional(Type.Array(Type.String(), { maxItems: 0, description: 'Reserved: must be empty.' })),
  read_up_to: Type.Optional(PositionSchema),
};

export const MessageContentSchema = Type.Object(messageContent);
export type MessageContent = Wire<typeof MessageContentSchema>;

/** The rules beyond the schema: size in bytes, whole characters, mentions inside the body. Undefined when all is well. */
export function contentRefusal(content: MessageContent, limits: Pick<WireLimits, 'bodyBytesMax'>): Refusal | undefined {
  const { body, mentions = [] } = content;
  if (utf8BytesExceed(body, limits.bodyBytesMax)) return { type: 'BodyTooLarge', bytesMax: limits.bodyBytesMax };
  // A lone surrogate has no UTF-8: what is stored would not be what was sent, and a retry would look like other content.
  if (!body.isWellFormed()) return { type: 'BadFrame', reason: 'body: must be well-formed Unicode' };
  const outside = mentions.findIndex((mention) => mention.offset + mention.length > body.length);
  if (outside >= 0) return { type: 'BadFrame', reason: `mentions[${outside}]: must lie inside the body` };
  return undefined;
}

/** Two spellings of one UUID are one id: behind the edge there is only the lower-case one. */
export function withLowerCaseId<Content extends MessageContent>(content: Content): Content {
  const lower = content.client_msg_id.toLowerCase();
  return lower === content.client_msg_id ? content : { ...content, client_msg_id: lower as ClientMessageId };
}
