// A stream as its leader has it: what it stores, refuses and remembers, on one replica and on three (docs/jetstream.md). Pure:
// who asks when, and what of it gets lost, is the server's matter. The contract beside it is run by this and by nats-server.
import type { MsgHdrs } from '@nats-io/transport-node';
import { API_CODES } from '../nats/api-error.ts';

export interface StreamSettings {
  readonly replicas: 1 | 3;
  readonly dedupWindowMs: number;
}

/** What wants to be stored. */
export interface Offer {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs;
}

export interface StreamMessage extends Offer {
  readonly seq: number;
  /** The leader's clock when it was offered. */
  readonly storedTs: number;
}

export type Verdict =
  | { readonly type: 'stored'; readonly seq: number; readonly isDuplicate: boolean }
  | { readonly type: 'refused'; readonly code: number }
  /** On three replicas: stored once `commit` says so, and perhaps never. */
  | { readonly type: 'proposed' };

interface Proposal {
  readonly offer: Offer;
  readonly offeredTs: number;
}

export class Stream {
  readonly #settings: StreamSettings;
  readonly #messages: StreamMessage[] = [];
  readonly #lastBySubject = new Map<string, StreamMessage>();
  /** In the order of storing, so that the oldest are found first. */
  readonly #remembered = new Map<string, StreamMessage>();
  /** In the order in which they will be stored. */
  #proposals: Proposal[] = [];

  constructor(settings: StreamSettings) {
    this.#settings = settings;
  }

  get head(): number {
    return this.#messages.length;
  }

  get proposed(): number {
    return this.#proposals.length;
  }

  at(seq: number): StreamMessage | undefined {
    return this.#messages[seq - 1];
  }

  last(subject: string): StreamMessage | undefined {
    return this.#lastBySubject.get(subject);
  }

  /** Of that subject, from there on. */
  next(subject: string, from: number): StreamMessage | undefined {
    for (let seq = Math.max(1, from); seq <= this.head; seq++) {
      const message = this.at(seq);
      if (message?.subject === subject) return message;
    }
    return undefined;
  }

  offer(offer: Offer, nowTs: number): Verdict {
    this.#forget(nowTs - this.#settings.dedupWindowMs);
    return this.#settings.replicas === 1 ? this.#store(offer, nowTs) : this.#propose(offer, nowTs);
  }

  /** The oldest proposal has its quorum. */
  commit(): StreamMessage {
    const proposal = this.#proposals.shift();
    if (!proposal) throw new Error('there is no proposal to commit');
    return this.#append(proposal.offer, proposal.offeredTs);
  }

  /** A new leader knows nothing of proposals without a quorum. */
  elect(): void {
    this.#proposals = [];
  }

  /** One replica looks at the condition first: a retry on a stale one is refused even if its original is stored. */
  #store(offer: Offer, nowTs: number): Verdict {
    if (this.#isStale(offer)) return { type: 'refused', code: API_CODES.WrongLastSequence };
    const original = this.#original(offer);
    if (original) return { type: 'stored', seq: original.seq, isDuplicate: true };
    return { type: 'stored', seq: this.#append(offer, nowTs).seq, isDuplicate: false };
  }

  /** Three look at the id first, and have one conditional append in flight for each subject of a condition. */
  #propose(offer: Offer, offeredTs: number): Verdict {
    const original = this.#original(offer);
    if (original) return { type: 'stored', seq: original.seq, isDuplicate: true };
    const inFlight = (header: string): boolean => {
      const value = headerOf(offer, header);
      return value !== '' && this.#proposals.some((proposal) => headerOf(proposal.offer, header) === value);
    };
    if (inFlight(HEADERS.id)) return { type: 'refused', code: API_CODES.DuplicateInFlight };
    if (inFlight(HEADERS.expectedSubject)) return { type: 'refused', code: API_CODES.ConditionInFlight };
    if (this.#isStale(offer)) return { type: 'refused', code: API_CODES.WrongLastSequence };
    this.#proposals.push({ offer, offeredTs });
    return { type: 'proposed' };
  }

  #isStale(offer: Offer): boolean {
    const expected = headerOf(offer, HEADERS.expected);
    if (expected === '') return false;
    const subject = headerOf(offer, HEADERS.expectedSubject) || offer.subject;
    return (this.last(subject)?.seq ?? 0) !== Number(expected);
  }

  #original(offer: Offer): StreamMessage | undefined {
    return this.#remembered.get(headerOf(offer, HEADERS.id));
  }

  #append(offer: Offer, storedTs: number): StreamMessage {
    const message = { ...offer, seq: this.head + 1, storedTs };
    this.#messages.push(message);
    this.#lastBySubject.set(offer.subject, message);
    const id = headerOf(offer, HEADERS.id);
    if (id !== '') this.#remembered.set(id, message);
    return message;
  }

  #forget(storedBefore: number): void {
    for (const [id, { storedTs }] of this.#remembered) {
      if (storedTs >= storedBefore) return;
      this.#remembered.delete(id);
    }
  }
}

const HEADERS = {
  id: 'Nats-Msg-Id',
  expected: 'Nats-Expected-Last-Subject-Sequence',
  expectedSubject: 'Nats-Expected-Last-Subject-Sequence-Subject',
} as const;

const headerOf = ({ headers }: Offer, name: string): string => headers?.get(name) ?? '';
