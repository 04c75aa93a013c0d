// Ids, positions and times as the wire spells them. The rules are the domain's (`domain/src/ids.ts`); here they are schemas.
// A value that passed its schema has the branded type: nothing behind the edge looks at its shape again.
import type { ClientMessageId, ConversationId, Position, UserId } from '@parley/domain';
import { parsePosition, position } from '@parley/domain';
import Type from 'typebox';

declare const brand: unique symbol;
/** A position as a decimal string that is known to be one: `Position` is its number. */
export type PositionText = string & { readonly [brand]: 'PositionText' };
/** Keys are conversations, values positions in them. */
export type PositionsByConversation = Readonly<Record<ConversationId, PositionText>>;

export const ID_PATTERN = '^[A-Za-z0-9_-]{1,64}$';
/** `me` is nobody's id: it stands for whoever asks. */
export const USER_ID_PATTERN = '^(?!me$)[A-Za-z0-9_-]{1,64}$';
export const UUID_PATTERN = '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$';
export const POSITION_PATTERN = '^(0|[1-9][0-9]{0,15})$';
/** RFC 6750 §2.1 (b64token), at most 4 KiB. */
export const TOKEN_PATTERN = '^[A-Za-z0-9._~+/=-]{1,4096}$';
/** Visible ASCII: it goes into a header. */
export const IDEMPOTENCY_KEY_PATTERN = '^[!-~]{1,128}$';

/** What each pattern asks for, to say it in an error. */
export const PATTERN_WORDS: ReadonlyMap<string, string> = new Map([
  [ID_PATTERN, 'must be 1 to 64 of the characters A-Z a-z 0-9 _ -'],
  [USER_ID_PATTERN, "must be 1 to 64 of the characters A-Z a-z 0-9 _ -, and not 'me'"],
  [UUID_PATTERN, 'must be a UUID'],
  [POSITION_PATTERN, 'must be a position: a decimal number as a string'],
  [TOKEN_PATTERN, 'must be a token of at most 4096 characters'],
  [IDEMPOTENCY_KEY_PATTERN, 'must be 1 to 128 visible ASCII characters'],
]);

export const UserIdSchema = Type.Unsafe<UserId>(Type.String({ title: 'UserId', pattern: USER_ID_PATTERN }));

/** In a path: a user's id, or `me`. */
export const MemberParamSchema = Type.Unsafe<UserId>(Type.String({ title: 'UserIdOrMe', pattern: ID_PATTERN }));

export const ConversationIdSchema = Type.Unsafe<ConversationId>(
  Type.String({
    title: 'ConversationId',
    pattern: ID_PATTERN,
    description: '`d_…` for a direct chat, the same for both orders of the pair; `g_…` or a UUID for a group.',
  }),
);

export const ClientMessageIdSchema = Type.Unsafe<ClientMessageId>(
  Type.String({
    title: 'ClientMessageId',
    pattern: UUID_PATTERN,
    description:
      'A UUID the client made when it first sent this; version 7, from `server_ts`-corrected time, takes the fast path. ' +
      'The same id again is the same message for ever. Upper and lower case are one id.',
  }),
);

export const PositionSchema = Type.Unsafe<PositionText>(
  Type.Refine(
    Type.String({
      title: 'Position',
      pattern: POSITION_PATTERN,
      description:
        'A place in the log, at most 2^53 - 1. Rises inside one conversation, means nothing across two. `"0"`: before the first.',
    }),
    (text) => parsePosition(text) !== undefined,
    () => 'must be at most 9007199254740991',
  ),
);

/** At most `hello.limits` many; the parser counts, because that limit is configuration. */
export const PositionsByConversationSchema = Type.Unsafe<PositionsByConversation>(
  Type.Record(Type.String({ pattern: ID_PATTERN }), PositionSchema, {
    title: 'PositionsByConversation',
    additionalProperties: false,
    description: 'Positions by conversation id.',
  }),
);

export const TimestampSchema = Type.Integer({
  title: 'Timestamp',
  minimum: 0,
  description: 'Milliseconds since the epoch.',
});

export const DurationSchema = Type.Integer({ title: 'Duration', minimum: 0, description: 'Milliseconds.' });

/** The wire's spelling of a position. */
export const positionToText = (value: Position): PositionText => String(value) as PositionText;

/** The number in a checked position; a string that is none never has this type. */
export const textToPosition = (text: PositionText): Position => position(Number(text));

/** `last_seen`, `read`, `heads` as a map with numbers: safe for any key, `__proto__` too. */
export function positionsToMap(positions: PositionsByConversation): Map<ConversationId, Position> {
  const map = new Map<ConversationId, Position>();
  for (const [id, text] of Object.entries(positions)) map.set(id as ConversationId, textToPosition(text));
  return map;
}

/** A map as `last_seen`, `read`, `heads`. */
export const mapToPositions = (map: Iterable<readonly [ConversationId, Position]>): PositionsByConversation =>
  Object.fromEntries(Array.from(map, ([id, value]) => [id, positionToText(value)]));
