// A device in the model, with its connection's two queues: what it asked and nobody has looked at, what it was told and has not
// heard. It follows the wire's rule for cursors and records what it does.
import type { Acked, PageAsked, Shown } from '../history.ts';
import type { Model, ModelEvent } from './model.ts';

type Frame =
  | { readonly kind: 'live'; readonly event: ModelEvent }
  | { readonly kind: 'missed'; readonly ref: string; readonly event: ModelEvent }
  | { readonly kind: 'resync'; readonly conversation: string }
  | { readonly kind: 'acked'; readonly message: Message; readonly position: number; readonly duplicate: boolean }
  | { readonly kind: 'refused'; readonly message: Message; readonly code: string; readonly retryable: boolean }
  | { readonly kind: 'resumed'; readonly ref: string; readonly heads: Readonly<Record<string, number>> }
  | { readonly kind: 'resume-failed'; readonly ref: string; readonly conversation: string; readonly reason: string };

interface Message {
  readonly conversation: string;
  readonly clientMsgId: string;
  readonly body: string;
}

type Request =
  | { readonly kind: 'send'; readonly message: Message }
  | { readonly kind: 'resume'; readonly ref: string; readonly cursors: Readonly<Record<string, number>> };

type PageQuestion = Pick<PageAsked, 'before' | 'after'>;
const pageLimit = 20;

export class ModelClient {
  readonly user: string;
  readonly #model: Model;
  readonly #device: string;
  readonly #cursors = new Map<string, number>();
  readonly #pending = new Map<string, Message>();
  readonly #done: Message[] = [];
  readonly #requests: Request[] = [];
  readonly #frames: Frame[] = [];
  readonly #pages: PageAsked[] = [];
  readonly #lost = new Set<string>();
  readonly #resuming = new Set<string>();
  #connection = 0;
  #lastId = 0;
  #isConnected = false;

  constructor(model: Model, user: string, device: string) {
    this.#model = model;
    this.user = user;
    this.#device = device;
  }

  get #by() {
    return { user: this.user, device: this.#device, connection: this.#connection };
  }

  connect(): void {
    this.#connection++;
    this.#isConnected = true;
    this.#model.recorder.record({ ...this.#by, kind: 'connected' });
    this.#resume([...new Set([...this.#cursors.keys(), ...this.#model.roomsOf(this.user)])]);
    for (const message of this.#pending.values()) this.#send(message);
  }

  /** What was under way may have arrived all the same. */
  disconnect(): void {
    if (!this.#isConnected) return;
    this.#model.recorder.record({ ...this.#by, kind: 'disconnected', code: 1006 });
    for (const request of this.#requests.splice(0)) if (this.#model.random() < 0.5) this.#answer(request);
    this.#frames.length = 0;
    this.#lost.clear();
    this.#resuming.clear();
    this.#isConnected = false;
  }

  say(conversation: string): void {
    if (!this.#isConnected) return;
    const nth = ++this.#lastId;
    const clientMsgId = `${this.user}-${this.#device}-${nth}`;
    this.#send({ conversation, clientMsgId, body: `message ${nth} of ${this.user}'s` });
  }

  sayAgain(): void {
    if (this.#isConnected && this.#done.length > 0) this.#send(this.#model.pick(this.#done));
  }

  /** Sometimes without what it had wanted to say. */
  comeBack(): void {
    if (this.#isConnected) return;
    if (this.#model.random() < 0.5) this.#giveUpOne();
    this.connect();
  }

  #giveUpOne(): void {
    const [message] = this.#pending.values();
    if (!message) return;
    this.#pending.delete(message.clientMsgId);
    const { conversation, clientMsgId } = message;
    this.#model.recorder.record({ ...this.#by, kind: 'given-up', conversation, clientMsgId });
  }

  page(conversation: string, question: PageQuestion): void {
    const asked = { ...this.#by, connection: 0, conversation, ...question, limit: pageLimit };
    const ref = this.#model.recorder.newRef();
    this.#model.recorder.record({ ...asked, kind: 'page-asked', ref });
    this.#pages.push({ ...asked, kind: 'page-asked', ref, atMs: this.#model.nowMs });
  }

  /** From the system: lost frames are noticed once the others have been heard. */
  post(frame: Frame): void {
    if (!this.#isConnected) return;
    if (frame.kind === 'resync') this.#lost.add(frame.conversation);
    else this.#frames.push(frame);
  }

  /** The system looks at some of what this client asked. Was there something? */
  serve(): boolean {
    const [page, requests] = [this.#pages.shift(), this.#requests.splice(0, 4)];
    if (page) this.#answerPage(page);
    for (const request of requests) this.#answer(request);
    return page !== undefined || requests.length > 0;
  }

  /** Some of what this client was told reaches it. Was there something? */
  hear(): boolean {
    const frames = this.#frames.splice(0, 8);
    for (const frame of frames) this.#heard(frame);
    if (frames.length > 0) return true;
    const lost = [...this.#lost];
    this.#lost.clear();
    if (lost.length > 0) this.#resume(lost);
    return lost.length > 0;
  }

  #send(message: Message): void {
    this.#pending.set(message.clientMsgId, message);
    this.#model.recorder.record({ ...this.#by, kind: 'sent', ...message });
    this.#requests.push({ kind: 'send', message });
  }

  #resume(conversations: readonly string[]): void {
    const ref = this.#model.recorder.newRef();
    const cursors = Object.fromEntries(conversations.map((id) => [id, this.#cursors.get(id) ?? 0]));
    for (const id of conversations) this.#resuming.add(id);
    this.#model.recorder.record({ ...this.#by, kind: 'resume-asked', ref, cursors });
    this.#requests.push({ kind: 'resume', ref, cursors });
  }

  #answer(request: Request): void {
    if (request.kind === 'send') this.#answerSend(request.message);
    else this.#answerResume(request.ref, request.cursors);
  }

  #answerSend(message: Message): void {
    const said = { type: 'message', sender: this.user, clientMsgId: message.clientMsgId, body: message.body } as const;
    const stored = this.#model.find(message.conversation, said);
    if (stored) return this.post({ kind: 'acked', message, position: stored.position, duplicate: true });
    if (!this.#model.isMember(this.user, message.conversation)) {
      return this.post({ kind: 'refused', message, code: 'not_a_member', retryable: false });
    }
    if (this.#model.random() < 0.02)
      return this.post({ kind: 'refused', message, code: 'overloaded', retryable: true });
    const { position } = this.#model.append(message.conversation, said);
    this.post({ kind: 'acked', message, position, duplicate: false });
  }

  #answerResume(ref: string, cursors: Readonly<Record<string, number>>): void {
    const heads: Record<string, number> = {};
    for (const [conversation, cursor] of Object.entries(cursors)) {
      if (!this.#model.isMember(this.user, conversation)) {
        this.post({ kind: 'resume-failed', ref, conversation, reason: 'not_a_member' });
        continue;
      }
      const missed = this.#model.readableBy(this.user, conversation).filter(({ position }) => position > cursor);
      for (const event of missed) this.post({ kind: 'missed', ref, event });
      heads[conversation] = this.#model.eventsOf(conversation).at(-1)?.position ?? 0;
    }
    this.post({ kind: 'resumed', ref, heads });
  }

  #answerPage({ ref, conversation, before = Infinity, after }: PageAsked): void {
    if (!this.#model.isMember(this.user, conversation)) return;
    const all = this.#model.readableBy(this.user, conversation).filter(({ said }) => said.type === 'message');
    const inRange = all.filter(({ position }) => position < before && position > (after ?? 0));
    const found = after === undefined ? inRange.toReversed() : inRange;
    const messages = found.slice(0, pageLimit).map(shown);
    const answer = { ref, messages, hasMore: found.length > pageLimit, stale: false };
    this.#model.recorder.record({ ...this.#by, connection: 0, kind: 'page-read', ...answer });
  }

  #heard(frame: Frame): void {
    switch (frame.kind) {
      case 'live':
        return this.#live(frame.event);
      case 'missed':
        return this.#received(frame.event, { via: 'resume', ref: frame.ref });
      case 'resync':
        return this.#resume([frame.conversation]);
      case 'acked':
      case 'refused':
        return this.#outcome(frame);
      case 'resumed':
        this.#model.recorder.record({ ...this.#by, ...frame });
        for (const [id, head] of Object.entries(frame.heads)) this.#reached(id, head);
        return;
      case 'resume-failed':
        this.#model.recorder.record({ ...this.#by, ...frame });
        this.#resuming.delete(frame.conversation);
        this.#cursors.delete(frame.conversation);
    }
  }

  #received(event: ModelEvent, way: { via: 'live' } | { via: 'resume'; ref: string }): void {
    const { conversation } = event;
    this.#model.recorder.record({ ...this.#by, kind: 'received', conversation, ...way, ...shown(event) });
  }

  #live(event: ModelEvent): void {
    this.#received(event, { via: 'live' });
    const { conversation, position, prev } = event;
    const cursor = this.#cursors.get(conversation) ?? 0;
    if (position <= cursor) return;
    if (prev <= cursor) this.#cursors.set(conversation, position);
    else if (!this.#resuming.has(conversation)) this.#resume([conversation]);
  }

  #reached(conversation: string, head: number): void {
    this.#resuming.delete(conversation);
    this.#cursors.set(conversation, Math.max(this.#cursors.get(conversation) ?? 0, head));
  }

  #outcome(frame: Frame & { kind: 'acked' | 'refused' }): void {
    const { message, ...answer } = frame;
    const { conversation, clientMsgId } = message;
    if (answer.kind === 'acked') {
      const acked: Omit<Acked, 'atMs'> = { ...this.#by, ...answer, conversation, clientMsgId };
      this.#model.recorder.record(acked);
      this.#done.push(message);
    } else this.#model.recorder.record({ ...this.#by, ...answer, conversation, clientMsgId });
    this.#pending.delete(clientMsgId);
    if (answer.kind === 'refused' && answer.retryable) this.#send(message);
  }
}

const shown = ({ position, prev, said }: ModelEvent): Shown => ({ position, prev, said });
