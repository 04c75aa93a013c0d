// Compares what everyone was told with what is in the log. It reads the streams, the pages and the rows by itself: nothing
// of the house that it judges is used to judge it.
import { decode } from '@msgpack/msgpack';
import { jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { recordToSaid } from './history/from-log.ts';
import { toShown, type Frame } from './history/from-wire.ts';
import type { Said, Shown } from './history/history.ts';
import type { Acked, RecordingClient } from './recording-client.ts';

export interface LogEntry {
  readonly conversationId: string;
  readonly position: number;
  readonly kind: 'msg' | 'meta';
  readonly clientMsgId?: string;
  readonly body?: string;
  /** The message this one answers. */
  readonly replyTo?: number;
  /** Who did it. */
  readonly actorId: string;
  readonly isVoid: boolean;
  readonly said: Said;
  /** By the server's clock. */
  readonly storedMs: number;
}

/** Every event of every shard, as the server has it. */
export async function readLog(options: NodeConnectionOptions): Promise<readonly LogEntry[]> {
  const nc = await connect(options);
  try {
    const entries: LogEntry[] = [];
    for await (const { config, state } of (await jetstreamManager(nc)).streams.list('chat.>')) {
      if (state.messages > 0) entries.push(...(await readStream(nc, config.name, state.last_seq)));
    }
    return entries;
  } finally {
    await nc.close();
  }
}

async function readStream(nc: NatsConnection, stream: string, last: number): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  const consumer = await jetstream(nc).consumers.get(stream, {});
  const messages = await consumer.consume({ max_messages: 500 });
  for await (const message of messages) {
    entries.push(toEntry(message));
    if (message.seq >= last) break;
  }
  messages.stop();
  return entries;
}

function toEntry(message: JsMsg): LogEntry {
  const [, , conversationId = '', kind] = message.subject.split('.');
  const storedTs = message.info.timestampNanos / 1_000_000;
  const notAfterTs = Date.parse(message.headers?.get('Parley-Not-After') ?? '');
  if (!Number.isFinite(notAfterTs)) throw new Error(`${message.subject}: no not-after`);
  const record = toRecord(message.data);
  const said = recordToSaid(record);
  const { replyTo } = record.data;
  return {
    conversationId,
    position: message.seq,
    kind: kind === 'meta' ? 'meta' : 'msg',
    actorId: message.headers?.get('Parley-Actor') ?? '',
    isVoid: storedTs > notAfterTs,
    said,
    storedMs: storedTs,
    ...(said.type === 'message' ? { clientMsgId: said.clientMsgId, body: said.body } : {}),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

/** The MessagePack library's own drops a byte order mark. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function toRecord(bytes: Uint8Array): { readonly data: { readonly replyTo?: number } } {
  const raw = decode(new Uint8Array(bytes), { rawStrings: true });
  return JSON.parse(JSON.stringify(raw, (_, value) => (value instanceof Uint8Array ? utf8.decode(value) : value)));
}

/** A message of a page. */
export interface PagedMessage extends Shown {
  readonly clientMsgId: string;
}

/** A conversation's messages by walking its REST pages from the newest to the first. */
export async function walkPages(base: string, conversationId: string, token: string): Promise<readonly PagedMessage[]> {
  const found: PagedMessage[] = [];
  for (let before = ''; ;) {
    const url = `${base}/v1/conversations/${conversationId}/messages?limit=100${before}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    if (response.status === 503) continue;
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    const page = (await response.json()) as {
      messages: (Frame & { message_id: string; client_msg_id: string })[];
      has_more: boolean;
    };
    for (const message of page.messages) {
      const shown = toShown(message);
      if (shown) found.push({ ...shown, clientMsgId: message.client_msg_id });
    }
    const last = page.messages.at(-1);
    if (!page.has_more || !last) return found.toReversed();
    before = `&before=${last.message_id}`;
  }
}

export interface Findings {
  readonly acked: number;
  readonly logged: number;
  readonly voided: number;
  /** Empty when every promise was kept. */
  readonly offences: readonly string[];
}

export interface Evidence {
  readonly log: readonly LogEntry[];
  readonly clients: readonly RecordingClient[];
  /** Who is a member, all the time, of which conversation. */
  readonly membersOf: ReadonlyMap<string, readonly string[]>;
  readonly pages: ReadonlyMap<string, readonly { position: number; clientMsgId: string }[]>;
  readonly rows: ReadonlyMap<string, readonly number[]>;
}

/** Nothing acked is lost, nothing is there twice, one order everywhere, nothing is shown to outsiders. */
export function compare(evidence: Evidence): Findings {
  const accepted = evidence.log.filter(({ isVoid }) => !isVoid);
  const byConversation = Map.groupBy(accepted, ({ conversationId }) => conversationId);
  const acks = evidence.clients.flatMap((client) => client.acks);
  const offences = [
    ...evidence.clients.flatMap((client) => client.offences),
    ...checkAcks(acks, accepted),
    ...evidence.clients.flatMap((client) => checkView(client, evidence.membersOf, byConversation)),
    ...[...byConversation].flatMap(([id, events]) => checkReadPaths(id, events, evidence)),
  ];
  return { acked: acks.length, logged: accepted.length, voided: evidence.log.length - accepted.length, offences };
}

function checkAcks(acks: readonly Acked[], accepted: readonly LogEntry[]): string[] {
  const offences: string[] = [];
  const byId = Map.groupBy(
    accepted.filter(({ clientMsgId }) => clientMsgId !== undefined),
    (entry) => `${entry.conversationId} ${entry.clientMsgId}`,
  );
  for (const [id, copies] of byId) {
    if (copies.length > 1) offences.push(`twice in the log: ${id} at ${copies.map((c) => c.position).join(', ')}`);
  }
  for (const ack of acks) {
    const [stored] = byId.get(`${ack.conversationId} ${ack.clientMsgId}`) ?? [];
    if (!stored) offences.push(`acked and lost: ${ack.clientMsgId} at ${ack.conversationId} ${ack.position}`);
    else if (stored.position !== ack.position) offences.push(`acked at ${ack.position}, stored at ${stored.position}`);
    else if (stored.body !== ack.body) offences.push(`stored with another body: ${ack.clientMsgId}`);
  }
  return offences;
}

function checkView(
  client: RecordingClient,
  membersOf: Evidence['membersOf'],
  byConversation: ReadonlyMap<string, readonly LogEntry[]>,
): string[] {
  const offences: string[] = [];
  for (const [id, members] of membersOf) {
    const seen = [...(client.entries.get(id)?.keys() ?? [])].toSorted((a, b) => a - b);
    const expected = members.includes(client.userId) ? (byConversation.get(id) ?? []).map((e) => e.position) : [];
    const difference = firstDifference(seen, expected);
    if (difference) offences.push(`${client.userId}'s view of ${id}: ${difference}`);
  }
  return offences;
}

function checkReadPaths(id: string, events: readonly LogEntry[], { pages, rows }: Evidence): string[] {
  const messages = events.filter(({ kind }) => kind === 'msg');
  const page = pages.get(id);
  const found = [
    page &&
      firstDifference(
        page.map((row) => `${row.position} ${row.clientMsgId}`),
        messages.map((event) => `${event.position} ${event.clientMsgId}`),
      ),
    firstDifference(
      rows.get(id) ?? [],
      events.map(({ position }) => position),
    ),
  ];
  return found.flatMap((difference, index) =>
    difference ? [`${index === 0 ? 'pages' : 'rows'} of ${id}: ${difference}`] : [],
  );
}

function firstDifference<T>(seen: readonly T[], expected: readonly T[]): string | undefined {
  const at = expected.findIndex((value, index) => seen[index] !== value);
  if (at >= 0)
    return `at ${at}: saw ${String(seen[at])}, the log has ${String(expected[at])} (${seen.length}/${expected.length})`;
  return seen.length > expected.length ? `saw ${String(seen[expected.length])}, which the log has not` : undefined;
}
