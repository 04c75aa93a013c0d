// The names of things: users, conversations, positions, shards. Pure: a hash is handed in, never made here.
// Ids that reach a subject or a key match ID_PATTERN, so no id can smuggle a dot, a wildcard or a space into one.

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

export type UserId = Branded<string, 'UserId'>;
export type ConversationId = Branded<string, 'ConversationId'>;
export type ClientMessageId = Branded<string, 'ClientMessageId'>;
/** A JetStream stream sequence: the place of an event in its shard's log, and a message's id. Rises inside a conversation. */
export type Position = Branded<number, 'Position'>;
/** Which of the deployment's streams holds a conversation: 0 to shards - 1. */
export type Shard = Branded<number, 'Shard'>;

/** Before the first event: no position is at or below it. */
export const NO_POSITION = 0 as Position;

const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const POSITION_PATTERN = /^(0|[1-9][0-9]{0,15})$/;

/** `me` is not a user: on the wire it means whoever asks. */
export const parseUserId = (text: string): UserId | undefined =>
  ID_PATTERN.test(text) && text !== 'me' ? (text as UserId) : undefined;

export const parseConversationId = (text: string): ConversationId | undefined =>
  ID_PATTERN.test(text) ? (text as ConversationId) : undefined;

/** A UUID of any version, lower-cased: two spellings of one id are one id. */
export function parseClientMessageId(text: string): ClientMessageId | undefined {
  const id = text.toLowerCase();
  return UUID_PATTERN.test(id) ? (id as ClientMessageId) : undefined;
}

/** A decimal string as the wire spells positions; undefined above what a double holds exactly. */
export function parsePosition(text: string): Position | undefined {
  if (!POSITION_PATTERN.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? (value as Position) : undefined;
}

/** A number from a trusted source (the log, a row) as a position. */
export function position(value: number): Position {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a position: ${value}`);
  return value as Position;
}

/** Milliseconds since the epoch inside a version 7 UUID (RFC 9562 §5.7); undefined for other versions. */
export function uuidV7TimestampMs(id: ClientMessageId): number | undefined {
  if (id[14] !== '7') return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** 128 bits of a cryptographic hash of the text, base64url: handed in, because the domain has no crypto of its own. */
export type Digest = (text: string) => string;

/** The same for both orders of the pair, so that opening a direct chat twice is one conversation. */
export function directConversationId(one: UserId, other: UserId, digest: Digest): ConversationId {
  const pair = one < other ? `${one}:${other}` : `${other}:${one}`;
  return `d_${digest(`direct:${pair}`)}` as ConversationId;
}

/** A group's id from its creator and the creator's idempotency key: the same request again names the same group. */
export function groupConversationId(creator: UserId, key: string, digest: Digest): ConversationId {
  return `g_${digest(`group:${creator}:${key}`)}` as ConversationId;
}

/** A group asked for without a key: every request makes a new one. */
export const newGroupConversationId = (uuidV7: string): ConversationId => `g_${uuidV7}` as ConversationId;

/** FNV-1a over the id's characters (ids are ASCII), modulo the deployment's fixed number of shards. */
export function shardOf(conversationId: ConversationId, shards: number): Shard {
  let hash = 0x811c9dc5;
  for (let i = 0; i < conversationId.length; i++) {
    hash = Math.imul(hash ^ conversationId.charCodeAt(i), 0x01000193);
  }
  return ((hash >>> 0) % shards) as Shard;
}

/** Every shard of a deployment, in order. */
export const allShards = (shards: number): readonly Shard[] =>
  Array.from({ length: shards }, (_, index) => index as Shard);
