// Everything on the wire that can grow or run out, in one table: `hello.limits`, the gateway's configuration and
// docs/reference/limits.md come from it. The gateway enforces; this only names.
import { ACCEPTANCE, LIMITS as DOMAIN } from '@parley/domain';
import Type, { type TInteger } from 'typebox';

const KiB = 1024;
const seconds = 1000;
const days = 24 * 60 * 60 * seconds;

interface Limit {
  readonly value: number;
  readonly text: string;
}

const limit = (value: number, text: string): Limit => ({ value, text });

/** Defaults, and what each one means. Names end in their unit, or in what they count. */
export const LIMIT_TABLE = {
  frameBytesMax: limit(
    64 * KiB,
    'A frame from the client; a larger one is `frame_too_large`, one over four times this cuts the connection (1006).',
  ),
  bodyBytesMax: limit(DOMAIN.bodyBytesMax, 'The body of a message in UTF-8; a larger one is `body_too_large`.'),
  mentionsMax: limit(DOMAIN.mentionsMax, 'Mentions in one message.'),
  framesPerSecondMax: limit(50, 'Frames a second from one session, in the long run; more is `rate_limited`.'),
  framesBurstMax: limit(100, 'Frames one session may send at once before the rate counts.'),
  sendBufferBytesMax: limit(1024 * KiB, 'Bytes that wait for one socket; a slower reader is closed with 4101.'),
  outboxAppendsMax: limit(4096, 'Messages that wait for the log in one gateway; then `overloaded`.'),
  outboxWaitMsMax: limit(
    1 * seconds,
    'While messages have taken longer than this of late, and more than 256 wait, the next one is `overloaded`.',
  ),
  sessionsPerUserMax: limit(10, 'Sockets of one user over all gateways; with one more the oldest is closed with 4004.'),
  tokenBytesMax: limit(4 * KiB, 'An access token.'),

  resumeConversationsMax: limit(1000, 'Conversations in one `resume`, each of `last_seen` and `read`.'),
  resumeEntriesMax: limit(1000, 'Missed entries of one conversation; more is `resume_failed` `too_many`.'),
  resumeAgeMsMax: limit(7 * days, 'Age of the oldest missed entry; older is `resume_failed` `too_old`.'),
  historyEntriesMax: limit(100, 'Entries in one `history` frame.'),
  historyBytesMax: limit(256 * KiB, 'Bytes of one `history` frame.'),

  groupMembersMax: limit(DOMAIN.groupMembersMax, 'Members of one group.'),
  conversationNameCharsMax: limit(DOMAIN.conversationNameCharsMax, 'Characters of the name of a group.'),
  pageEntriesMax: limit(100, 'Entries on one REST page.'),
  pageEntriesDefault: limit(50, 'Entries on one REST page that asks for no number.'),

  heartbeatMs: limit(30 * seconds, 'How often a client sends `ping`.'),
  pongTimeoutMs: limit(10 * seconds, 'A client that waited this long for `pong` reconnects.'),
  serverPingMs: limit(25 * seconds, 'How often the server sends a WebSocket ping.'),
  idleTimeoutMs: limit(60 * seconds, 'A socket without any traffic for this long is closed with 4103.'),
  tokenExpiringMs: limit(60 * seconds, 'How long before the end of its token a session gets `token_expiring`.'),
  clockAheadMsMax: limit(ACCEPTANCE.clockAheadMsMax, 'A `client_msg_id` further in the future is `clock_ahead`.'),
  reconnectFirstMsMin: limit(1 * seconds, 'The first pause before a reconnect is random, from this …'),
  reconnectFirstMsMax: limit(5 * seconds, '… to this.'),
  reconnectMsMax: limit(30 * seconds, 'Later pauses are random from 0 to a bound that doubles up to this.'),
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMIT_TABLE;
/** One deployment's limits. */
export type WireLimits = Readonly<Record<LimitName, number>>;

const names = Object.keys(LIMIT_TABLE) as readonly LimitName[];

/** The defaults, each in the unit its name ends with. */
export const LIMITS = Object.fromEntries(names.map((name) => [name, LIMIT_TABLE[name].value])) as WireLimits;

type Snake<Text extends string> = Text extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Tail>}`
  : '';

type HelloLimitName = Snake<LimitName>;

const toSnake = (name: LimitName): HelloLimitName =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) as HelloLimitName;

const wireNames = names.map((name) => [name, toSnake(name)] as const);

const snakeProperties = Object.fromEntries(
  wireNames.map(([name, wireName]) => [
    wireName,
    Type.Integer({ minimum: 0, description: LIMIT_TABLE[name].text, examples: [LIMIT_TABLE[name].value] }),
  ]),
) as Record<HelloLimitName, TInteger>;

/** `hello.limits`: the same names in the wire's spelling. */
export const HelloLimitsSchema = Type.Object(snakeProperties, { title: 'Limits' });
export type HelloLimits = Readonly<Record<HelloLimitName, number>>;

export const helloLimits = (limits: WireLimits): HelloLimits =>
  Object.fromEntries(wireNames.map(([name, wireName]) => [wireName, limits[name]])) as HelloLimits;
