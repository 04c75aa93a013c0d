// Which events exist on the wire, in which version, and what they look like. A new version is a new row's `version`, its
// schema, and an upcaster from the one before; stored events are never rewritten (docs/jetstream.md).
import type { ChatEvent } from '@parley/domain';
import Type, { type TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { SubjectKind } from './subjects.ts';

export interface EventTypeRow {
  /** The version this build writes. */
  readonly version: number;
  readonly kind: SubjectKind;
  /** Of the event without its `type`. */
  readonly schema: TSchema;
}

const text = Type.String();
const texts = Type.Array(text);
const position = Type.Integer({ minimum: 0 });
const role = Type.Union([Type.Literal('owner'), Type.Literal('admin'), Type.Literal('member')]);

export const EVENT_TYPES: { readonly [type in ChatEvent['type']]: EventTypeRow } = {
  'message.sent': {
    version: 1,
    kind: 'msg',
    schema: Type.Object({
      clientMsgId: text,
      body: text,
      bodyType: Type.Literal('text'),
      replyTo: Type.Optional(position),
      threadId: Type.Optional(position),
      mentions: Type.Optional(
        Type.Array(Type.Object({ userId: text, offset: Type.Integer(), length: Type.Integer() })),
      ),
    }),
  },
  'conversation.created': {
    version: 1,
    kind: 'meta',
    schema: Type.Object({
      kind: Type.Union([Type.Literal('direct'), Type.Literal('group')]),
      memberIds: texts,
      name: Type.Optional(text),
      settings: Type.Object({ history: Type.Union([Type.Literal('shared'), Type.Literal('since_join')]) }),
    }),
  },
  'conversation.members_added': { version: 1, kind: 'meta', schema: Type.Object({ userIds: texts, role }) },
  'conversation.member_removed': { version: 1, kind: 'meta', schema: Type.Object({ userId: text }) },
  'conversation.member_left': { version: 1, kind: 'meta', schema: Type.Object({ userId: text }) },
};

/** The stored event, not its content: everything but what the subject and the stream say. */
export const ENVELOPE = Compile(
  Type.Object({
    event: Type.String({ pattern: '^[a-z_.]+\\.v[0-9]+$' }),
    actor: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
    meta: position,
    notAfter: Type.Integer(),
    key: text,
    bodyHash: text,
    data: Type.Unknown(),
  }),
);

/** From the data of one version to that of the next, by versioned name: `message.sent.v1`. */
export type Upcasters = ReadonlyMap<string, (data: unknown) => unknown>;

/** None yet: every event is in its first version. */
export const UPCASTERS: Upcasters = new Map();

export const versionedName = (type: ChatEvent['type']): string => `${type}.v${EVENT_TYPES[type].version}`;

export const VALIDATORS: ReadonlyMap<string, Pick<Validator, 'Check' | 'Errors'>> = new Map(
  Object.entries(EVENT_TYPES).map(([type, { version, schema }]) => [`${type}.v${version}`, Compile(schema)]),
);
