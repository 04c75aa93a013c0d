// Which events exist in the log, in which version, and what they look like: what is stored is checked against these schemas, and
// docs/events.md is written from them (`events-page.ts`). A new version is a new row's `version`, its schema, and an upcaster from
// the one before; stored events are never rewritten (docs/jetstream.md).
import type { ChatEvent } from '@parley/domain';
import Type, { type TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { SubjectKind } from './subjects.ts';

export interface EventTypeRow {
  /** The version this build writes. */
  readonly version: number;
  readonly kind: SubjectKind;
  /** Of the event without its `type`; says what happened, and what each field means. */
  readonly schema: TSchema;
}

// A title is what kind of text or number it is.
const text = (description: string) => Type.String({ description });
const userId = (description: string) => Type.String({ title: 'user id', description });
const userIds = (description: string) => Type.Array(Type.String({ title: 'user id' }), { description });
const position = (description: string) => Type.Integer({ minimum: 0, title: 'position', description });
const units = (description: string) => Type.Integer({ title: 'UTF-16 code units', description });
const oneOf = (names: readonly string[], description: string) =>
  Type.Union(
    names.map((name) => Type.Literal(name)),
    { description },
  );

const role = oneOf(['owner', 'admin', 'member'], 'What they may do.');
const settings = (description: string) =>
  Type.Object(
    { history: oneOf(['shared', 'since_join'], '`shared`: members also read what was said before they joined.') },
    { description },
  );

export const EVENT_TYPES: { readonly [type in ChatEvent['type']]: EventTypeRow } = {
  'message.sent': {
    version: 1,
    kind: 'msg',
    schema: Type.Object(
      {
        clientMsgId: text(
          "The client's own id of it (a UUID): a copy with the same one, whenever it comes, is this message.",
        ),
        body: text('What was said, exactly as it was sent.'),
        bodyType: oneOf(['text'], 'How to show `body`.'),
        replyTo: Type.Optional(position('The message of this conversation that it answers.')),
        threadId: Type.Optional(position('The message of this conversation under which it was said.')),
        mentions: Type.Optional(
          Type.Array(
            Type.Object({
              userId: userId('Who is mentioned.'),
              offset: units('Where in `body` the mention begins.'),
              length: units('How long it is.'),
            }),
            { description: 'Who is named in it, and where.' },
          ),
        ),
      },
      { description: 'The actor said something.' },
    ),
  },
  'conversation.created': {
    version: 1,
    kind: 'meta',
    schema: Type.Object(
      {
        kind: oneOf(['direct', 'group'], 'A direct chat always has its two members.'),
        memberIds: userIds('Who is in it; in a group the actor is among them, as its owner.'),
        name: Type.Optional(text('What the group is called.')),
        settings: settings('How it works.'),
      },
      { description: 'The actor opened a conversation. It is the first accepted event of every one.' },
    ),
  },
  'conversation.members_added': {
    version: 1,
    kind: 'meta',
    schema: Type.Object(
      {
        userIds: userIds('Who is a member from this event on; none of them was when it was decided.'),
        role,
      },
      { description: 'The actor added people to a group.' },
    ),
  },
  'conversation.member_removed': {
    version: 1,
    kind: 'meta',
    schema: Type.Object(
      { userId: userId('Who is no member any more. This event is the last one they may see.') },
      { description: 'The actor removed somebody from a group.' },
    ),
  },
  'conversation.member_left': {
    version: 1,
    kind: 'meta',
    schema: Type.Object(
      { userId: userId('The actor. This event is the last one they may see.') },
      { description: 'The actor left a group.' },
    ),
  },
  'conversation.renamed': {
    version: 1,
    kind: 'meta',
    schema: Type.Object(
      { name: text('What the group is called from this event on.') },
      { description: 'The actor renamed a group.' },
    ),
  },
  'conversation.settings_changed': {
    version: 1,
    kind: 'meta',
    schema: Type.Object(
      {
        settings: settings('All settings from this event on; they hold for what was said before it, too.'),
      },
      { description: 'The actor changed how a group works.' },
    ),
  },
  'conversation.role_changed': {
    version: 1,
    kind: 'meta',
    schema: Type.Object(
      { userId: userId('A member of the group, perhaps the actor.'), role },
      { description: 'The actor gave a member of a group another role.' },
    ),
  },
};

/** The stored event, not its content: everything but what the subject and the stream say. */
export const ENVELOPE_SCHEMA = Type.Object({
  event: Type.String({
    pattern: '^[a-z_.]+\\.v[0-9]+$',
    title: 'versioned name',
    description: 'What happened, and in which version it is written: the names below.',
  }),
  actor: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', title: 'user id', description: 'Who did it.' }),
  meta: position(
    "The conversation's last `.meta` event when it was decided, and when it was stored; 0 before the first.",
  ),
  notAfter: Type.Integer({ title: 'ms since 1970', description: 'Stored later than this, the event is void.' }),
  key: text('Hash of what makes two copies one request: the idempotency key.'),
  bodyHash: text('Hash of what the client asked for.'),
  data: Type.Unknown({ title: 'map', description: 'The fields of the event, below.' }),
});

export const ENVELOPE = Compile(ENVELOPE_SCHEMA);

/** From the data of one version to that of the next, by versioned name: `message.sent.v1`. */
export type Upcasters = ReadonlyMap<string, (data: unknown) => unknown>;

/** None yet: every event is in its first version. */
export const UPCASTERS: Upcasters = new Map();

export const versionedName = (type: ChatEvent['type']): string => `${type}.v${EVENT_TYPES[type].version}`;

export const VALIDATORS: ReadonlyMap<string, Pick<Validator, 'Check' | 'Errors'>> = new Map(
  Object.entries(EVENT_TYPES).map(([type, { version, schema }]) => [`${type}.v${version}`, Compile(schema)]),
);
