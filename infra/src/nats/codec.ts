// Between a domain event and its record: subject, headers, MessagePack body. The body alone is the record, whole and
// self-describing, so that readers need not parse headers and `nats stream view --translate 'parley decode'`, which hands
// over nothing else, can tell the story. The headers repeat it for operators and for the server.
import { Encoder } from '@msgpack/msgpack';
import {
  MalformedEvent,
  shardOf,
  UnknownEventVersion,
  type ChatEvent,
  type ConversationId,
  type NewEvent,
  type Position,
  type StoredEvent,
  type TimestampMs,
  type UserId,
} from '@parley/domain';
import { exactDecoder } from '../message-pack/index.ts';
import { ENVELOPE, EVENT_TYPES, UPCASTERS, VALIDATORS, versionedName, type Upcasters } from './event-types.ts';
import { chatSubject, parseChatSubject } from './subjects.ts';

// Shared by all calls: each is synchronous, and making one costs more than a small event.
const encoder = new Encoder({ ignoreUndefined: true });
const decode = exactDecoder();

/** https://www.w3.org/TR/trace-context/#traceparent-header */
export const TRACEPARENT_HEADER = 'traceparent';

export interface EncodedEvent {
  readonly subject: string;
  /** The `.meta` subject the append is conditional on. */
  readonly metaSubject: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** With a `traceparent` the event has one header more, and the same body. */
export function encodeEvent(event: NewEvent, shards: number, traceparent?: string): EncodedEvent {
  const { conversationId } = event;
  const shard = shardOf(conversationId, shards);
  const { kind } = EVENT_TYPES[event.event.type];
  const metaSubject = chatSubject({ shard, conversationId, kind: 'meta' });
  return {
    subject: kind === 'meta' ? metaSubject : chatSubject({ shard, conversationId, kind }),
    metaSubject,
    headers: encodeHeaders(event, metaSubject, traceparent),
    body: encodeBody(event),
  };
}

function encodeHeaders(event: NewEvent, metaSubject: string, traceparent?: string): ReadonlyMap<string, string> {
  return new Map([
    ['Parley-Event', versionedName(event.event.type)],
    ['Parley-Actor', event.actorId],
    ['Parley-Meta', `${event.decidedOn}`],
    ['Parley-Not-After', new Date(event.notAfterTs).toISOString()],
    ['Parley-Body-Hash', event.bodyHash],
    ['Nats-Msg-Id', event.idempotencyKey],
    ['Nats-Expected-Last-Subject-Sequence', `${event.decidedOn}`],
    ['Nats-Expected-Last-Subject-Sequence-Subject', metaSubject],
    ...(traceparent === undefined ? [] : [[TRACEPARENT_HEADER, traceparent] as const]),
  ]);
}

function encodeBody({ event: { type, ...data }, ...envelope }: NewEvent): Uint8Array {
  const record: EventRecord = {
    event: versionedName(type),
    actor: envelope.actorId,
    meta: envelope.decidedOn,
    notAfter: envelope.notAfterTs,
    key: envelope.idempotencyKey,
    bodyHash: envelope.bodyHash,
    data,
  };
  return encoder.encode(record);
}

/** What a body holds. */
export interface EventRecord {
  /** Versioned name: `message.sent.v1`. */
  readonly event: string;
  readonly actor: string;
  readonly meta: number;
  readonly notAfter: TimestampMs;
  readonly key: string;
  readonly bodyHash: string;
  readonly data: unknown;
}

/** A record as the stream gives it. */
export interface StoredRecord {
  readonly subject: string;
  readonly position: Position;
  readonly storedTs: TimestampMs;
  readonly body: Uint8Array;
}

/** Throws UnknownEventVersion or MalformedEvent, each saying where. */
export function decodeEvent(stored: StoredRecord, upcasters: Upcasters = UPCASTERS): StoredEvent {
  const subject = parseChatSubject(stored.subject);
  if (subject === undefined) throw new MalformedEvent(`${stored.position}: subject ${stored.subject}`);
  const record = decodeRecord(stored.body, `${stored.subject} at ${stored.position}`);
  return toStoredEvent(record, upcasters, { ...stored, conversationId: subject.conversationId });
}

interface Place extends StoredRecord {
  readonly conversationId: ConversationId;
}

function toStoredEvent(record: EventRecord, upcasters: Upcasters, place: Place): StoredEvent {
  return {
    conversationId: place.conversationId,
    actorId: record.actor as UserId,
    event: toChatEvent(record, upcasters, place),
    decidedOn: record.meta as Position,
    notAfterTs: record.notAfter,
    idempotencyKey: record.key,
    bodyHash: record.bodyHash,
    position: place.position,
    storedTs: place.storedTs,
  };
}

export function decodeRecord(body: Uint8Array, where: string): EventRecord {
  const record = unpack(body, where);
  if (!ENVELOPE.Check(record)) throw new MalformedEvent(`${where}: not an event`);
  return record;
}

function unpack(body: Uint8Array, where: string): unknown {
  try {
    return decode(body);
  } catch (cause) {
    throw new MalformedEvent(`${where}: not MessagePack`, { cause });
  }
}

function toChatEvent(record: EventRecord, upcasters: Upcasters, place: Place): ChatEvent {
  let name = record.event;
  let data = record.data;
  for (let upcast = upcasters.get(name); upcast !== undefined; upcast = upcasters.get(name)) {
    data = upcast(data);
    name = nextVersion(name);
  }
  return checked(name, data, place);
}

function checked(name: string, data: unknown, { position, subject }: Place): ChatEvent {
  const validator = VALIDATORS.get(name);
  if (validator === undefined) throw new UnknownEventVersion(`${name} at ${position} of ${subject}`);
  if (!validator.Check(data)) {
    const [first] = validator.Errors(data);
    throw new MalformedEvent(`${name} at ${position} of ${subject}: ${first?.instancePath} ${first?.message}`);
  }
  // The compiled schema has just proved it.
  return { type: name.slice(0, name.lastIndexOf('.v')), ...(data as object) } as ChatEvent;
}

function nextVersion(name: string): string {
  const dot = name.lastIndexOf('.v');
  return `${name.slice(0, dot)}.v${Number(name.slice(dot + 2)) + 1}`;
}
