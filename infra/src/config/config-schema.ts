// Every configuration key: its name, form, default and meaning, in one schema. The reader, the type, the errors and
// docs/configuration.md come from it. What only a fleet's processes need is in `fleet-schema.ts`.
import { OPTIONAL_PROJECTIONS } from '@parley/projections';
import { LIMIT_TABLE, type LimitName, type WireLimits } from '@parley/protocol';
import Type, { type Static, type TSchema } from 'typebox';
import { FleetSchema } from './fleet-schema.ts';
import { isEd25519PublicKey } from './public-key.ts';

const port = (description: string, preset: number) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: preset, description });

/** Only where one process is all there is. */
const StandaloneSchema = Type.Object({
  dataDir: Type.String({
    minLength: 1,
    default: '.parley',
    description: 'Where everything is kept: `log/` (the truth), `read-models/` (may be deleted), the secret.',
  }),
  natsServer: Type.String({ minLength: 1, default: 'nats-server', description: 'The nats-server program.' }),
  natsPort: port('The port of nats-server on 127.0.0.1, for the `nats` CLI; 0: any free one.', 0),
});

/** Without a default it may be absent. */
const CommonSchema = Type.Object({
  host: Type.String({ minLength: 1, default: '127.0.0.1', description: 'The address HTTP and WebSocket listen on.' }),
  port: port('The port HTTP and WebSocket listen on; 0: any free one.', 8080),
  adminHost: Type.String({ minLength: 1, default: '127.0.0.1', description: 'The address of the admin port.' }),
  adminPort: port('`/metrics`, `/healthz` and `/readyz`; 0: any free one.', 9464),
  shards: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 256,
      description:
        'Streams the log is divided into: 16 standalone, 64 in a fleet. Fixed when a deployment is created: another number later is an error.',
    }),
  ),
  jwtSecret: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'Secret of HS256 access tokens. Without it, a public key or a JWKS address, standalone makes a random one in its data directory; a fleet does not start.',
    }),
  ),
  jwtPublicKey: Type.Optional(
    Type.Refine(
      Type.String({ description: 'Public key of EdDSA access tokens: Ed25519, PEM (SPKI) or JWK.' }),
      isEd25519PublicKey,
      () => 'must be an Ed25519 public key in PEM (SPKI) or as a JWK',
    ),
  ),
  jwksUrl: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s]+$',
      description: 'Where the issuer of access tokens publishes its keys (RFC 7517): ES256, EdDSA, RS256 and PS256.',
    }),
  ),
  origins: Type.Array(Type.String({ pattern: '^https?://[^/\\s]+$' }), {
    default: [],
    description: 'Web origins that may connect, separated by commas. Without any: those on this machine.',
  }),
  rateLimits: Type.Boolean({ default: true, description: '`off` lifts the rate limits, not the sizes: for benches.' }),
  devTokens: Type.Optional(
    Type.Boolean({
      description:
        '`POST /v1/dev/tokens` gives anyone on this machine a token for any user; needs a secret. `on` standalone, `off` in a fleet. `off` behind a proxy!',
    }),
  ),
  projections: Type.Array(Type.Enum(OPTIONAL_PROJECTIONS.map(({ name }) => name)), {
    default: [],
    description: `More read models that workers keep, separated by commas: ${OPTIONAL_PROJECTIONS.map(({ name }) => `\`${name}\``).join(', ')} ([guide](guides/new-projection.md)).`,
  }),
  drainMs: Type.Integer({
    minimum: 0,
    maximum: 600_000,
    default: 10_000,
    description: 'How long a stop may take to bring what is in flight to its end.',
  }),
  region: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$',
      description: 'Where this process runs, as operators call it: the label `region` of its metrics and traces.',
    }),
  ),
  tracesUrl: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s]+$',
      description:
        'Where traces are sent by OTLP over HTTP, with its path: `http://collector:4318/v1/traces`. Without it there are none.',
    }),
  ),
  tracesSample: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.01,
    description: 'The share of messages that are traced, of 1, where `PARLEY_TRACES_URL` is set.',
  }),
  logLevel: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'The least level that is logged.',
  }),
});

/**
 * The limits a deployment may set, and up to where. What the domain promises for ever (members, bodies, pages: events and
 * schemas rely on them) may only be lowered.
 */
const LIMIT_BOUNDS = {
  frameBytesMax: [1024, 16 * 1024 * 1024],
  bodyBytesMax: [1, LIMIT_TABLE.bodyBytesMax.value],
  framesPerSecondMax: [1, 1_000_000],
  framesBurstMax: [1, 1_000_000],
  sendBufferBytesMax: [64 * 1024, 1024 * 1024 * 1024],
  outboxAppendsMax: [1, 1_000_000],
  sessionsPerUserMax: [1, 10_000],
  resumeConversationsMax: [1, LIMIT_TABLE.resumeConversationsMax.value],
} as const satisfies Partial<Record<LimitName, readonly [min: number, max: number]>>;

type SettableLimit = keyof typeof LIMIT_BOUNDS;

const settableLimits = Object.keys(LIMIT_BOUNDS) as readonly SettableLimit[];

const limitSchema = (name: SettableLimit) => {
  const [minimum, maximum] = LIMIT_BOUNDS[name];
  const { value, text } = LIMIT_TABLE[name];
  return Type.Integer({ minimum, maximum, default: value, description: text });
};

/** Which processes a key is for: the one of `npm start`, those of a fleet, or each. */
export type Scope = 'standalone' | 'fleet' | 'both';

/** One key: the variable of the environment, where it goes in the configuration, and its schema. */
export interface ConfigKey {
  readonly key: string;
  readonly property: string;
  readonly scope: Scope;
  readonly isLimit: boolean;
  readonly schema: TSchema;
}

const keysOf = (scope: Scope, properties: Readonly<Record<string, TSchema>>): readonly ConfigKey[] =>
  Object.entries(properties).map(([property, schema]) => ({
    key: `PARLEY_${toKey(property)}`,
    property,
    scope,
    isLimit: false,
    schema,
  }));

/** `natsPort` is `PARLEY_NATS_PORT`, the limit `bodyBytesMax` is `PARLEY_LIMIT_BODY_BYTES_MAX`. */
export const CONFIG_KEYS: readonly ConfigKey[] = [
  ...keysOf('both', CommonSchema.properties),
  ...keysOf('standalone', StandaloneSchema.properties),
  ...keysOf('fleet', FleetSchema.properties),
  ...settableLimits.map((property) => ({
    key: `PARLEY_LIMIT_${toKey(property)}`,
    property,
    scope: 'both' as const,
    isLimit: true,
    schema: limitSchema(property),
  })),
];

function toKey(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

type Immutable<Value> = {
  readonly [Key in keyof Value]: Value[Key] extends unknown[] ? readonly string[] : Value[Key];
};

/** The whole configuration of a process: read once, checked, never changed. */
export type Config = Immutable<Static<typeof CommonSchema>> & {
  /** Those of PROTOCOL, with what this deployment set. */
  readonly limits: WireLimits;
};

export type StandaloneConfig = Config & Immutable<Static<typeof StandaloneSchema>>;
export type FleetConfig = Config & Immutable<Static<typeof FleetSchema>>;
