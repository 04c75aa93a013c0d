// The fold hash of a conversation: one digest over its canonical rows, in order, and its head. The same from the log and from any
// store that holds what the log says.
import {
  isVoid,
  NO_POSITION,
  type ConversationId,
  type Digest,
  type EventLog,
  type Position,
  type Shard,
} from '@parley/domain';
import type { FullStore, Head, VerifiableProjection } from '../projection.ts';
import { canonical } from './canonical.ts';

/** A digest of a few rows takes hardly longer than one of a single row. */
const charsPerDigest = 2_048;

/** Rows of one conversation, in order, hashed as they come; of rows with keys the last ones are kept until the end. */
export class Tally<H extends Head, Row> {
  readonly #projection: VerifiableProjection<H, Row>;
  readonly #digest: Digest;
  readonly #keyed = new Map<string, Row>();
  readonly #text: (row: Row) => string;
  #rolling = '';
  #pending = '';

  /** The fold hash is over canonical texts; `asText` is for who compares two tallies of one process and asks again where they differ. */
  constructor(projection: VerifiableProjection<H, Row>, digest: Digest, asText: (row: Row) => string = canonical) {
    this.#projection = projection;
    this.#digest = digest;
    this.#text = asText;
  }

  add(row: Row): void {
    const { key } = this.#projection.place(row);
    if (key === undefined) this.#append(row);
    else this.#keyed.set(key, row);
  }

  /** Nothing is added afterwards. */
  hash(head: H | undefined): string {
    for (const [, row] of [...this.#keyed].toSorted(([a], [b]) => (a < b ? -1 : 1))) this.#append(row);
    this.#keyed.clear();
    return this.#digest(`${this.#rolling}${this.#pending}\n${head === undefined ? '' : canonical(head)}`);
  }

  /** Where one digest ends and the next begins follows from the rows alone. */
  #append(row: Row): void {
    this.#pending += `\n${this.#text(row)}`;
    if (this.#pending.length < charsPerDigest) return;
    this.#rolling = this.#digest(this.#rolling + this.#pending);
    this.#pending = '';
  }
}

export interface Hashing<H extends Head, Row> {
  readonly projection: VerifiableProjection<H, Row>;
  readonly digest: Digest;
}

/** Of what is stored now. */
export async function storedHash<H extends Head, Row>(
  { projection, digest, store }: Hashing<H, Row> & { readonly store: FullStore<H, Row> },
  shard: Shard,
  conversationId: ConversationId,
): Promise<string> {
  const tally = new Tally(projection, digest);
  for await (const { rows } of store.rows(shard, [conversationId])) for (const row of rows) tally.add(row);
  return tally.hash((await store.heads([conversationId])).get(conversationId));
}

/** Of what the log says up to a position, which is at or below the shard's head. Throws what the fold throws. */
export async function loggedHash<H extends Head, Row>(
  { projection, digest, log }: Hashing<H, Row> & { readonly log: EventLog },
  conversationId: ConversationId,
  { upTo, signal }: { readonly upTo: Position; readonly signal: AbortSignal },
): Promise<string> {
  const tally = new Tally(projection, digest);
  let head: H | undefined;
  for await (const events of log.conversation(conversationId, { after: NO_POSITION, upTo, signal })) {
    for (const stored of events) {
      if (isVoid(stored)) continue;
      const folded = projection.fold(head, stored);
      head = folded.head;
      for (const row of folded.rows) tally.add(row);
    }
  }
  signal.throwIfAborted();
  return tally.hash(head);
}
