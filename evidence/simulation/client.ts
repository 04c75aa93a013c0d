// A client that does what the protocol asks of one (docs/reference), and tells the history everything it asks and is told. One
// device of one user: it keeps its cursors and what it wants to say over any number of connections.
import type { HistoryRecorder } from '@parley/proof';
import type { Chance } from './chance.ts';
import type { Cluster } from './cluster.ts';
import type { Fleet } from './fleet.ts';
import { Line, type Frame } from './line.ts';
import { Reading } from './reading.ts';
import { call } from './rest.ts';
import { shownInFrame } from './shown.ts';

export interface ClientOptions {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly recorder: HistoryRecorder;
  readonly chance: Chance;
  readonly user: string;
  readonly device: string;
}

export interface Outgoing {
  readonly conversation: string;
  readonly clientMsgId: string;
  readonly body: string;
}

interface Pending extends Outgoing {
  nextTryTs: number;
}

const CLIENT = {
  tickMs: 1_000,
  /** An unanswered send is sent again after this time, or at once on a new connection. */
  retryMs: 5_000,
  pingMs: 5_000,
  pongTimeoutMs: 10_000,
  /** Of the time before a reconnect. */
  pauseMs: [200, 1_500],
} as const;

/** How its ids are made: from corrected time, from a clock that is far behind, or not from time at all. */
type Ids = 'corrected' | 'behind' | 'random';

export class Client {
  readonly user: string;
  readonly device: string;
  readonly acked: Outgoing[] = [];
  readonly #options: ClientOptions;
  readonly #ids: Ids;
  readonly #pending = new Map<string, Pending>();
  readonly #reading: Reading;
  #line: Line | undefined;
  #connection = 0;
  #isReady = false;
  #clockOffsetMs = 0;
  #heardTs = 0;
  #pingTs = 0;
  #isGone = false;

  constructor(options: ClientOptions) {
    const { chance, user, device } = options;
    this.#options = options;
    this.user = user;
    this.device = device;
    this.#ids = chance.happens(0.7) ? 'corrected' : chance.of(['behind', 'random'] as const);
    this.#reading = new Reading({
      newRef: () => options.recorder.newRef(),
      record: (happening) => this.#record(happening),
      tell: (what) => options.cluster.story.tell(this.name, what),
      send: (frame) => this.#line?.send(frame),
      readNewest: (conversation) => options.cluster.background(this.name, this.readPage(conversation, newestMax)),
    });
    this.#tick();
    this.#connectAfter(chance.between(0, 300));
  }

  get name(): string {
    return `${this.user}/${this.device}`;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Connected, nothing unanswered. */
  get isQuiet(): boolean {
    return this.#isReady && this.#pending.size === 0 && this.#reading.isQuiet;
  }

  get unfinished(): string {
    return `${this.name}: ready ${this.#isReady}, ${this.#pending.size} sends, read ${this.#reading.isQuiet}`;
  }

  get line(): Line | undefined {
    return this.#line;
  }

  /** Until it is acked or finally refused, over any number of connections, with one id. */
  say(conversation: string, body: string): void {
    this.sayAgain({ conversation, body, clientMsgId: this.#newId() });
  }

  /** As a device does that lost its memory of the answer. */
  sayAgain(outgoing: Outgoing): void {
    const pending = { ...outgoing, nextTryTs: 0 };
    this.#pending.set(outgoing.clientMsgId, pending);
    if (this.#isReady) this.#write(pending);
  }

  leave(): void {
    this.#isGone = true;
    this.#line?.close();
    this.#lost();
  }

  /** Reads one page. */
  async readPage(conversation: string, limit: number, before?: number): Promise<void> {
    const { recorder } = this.#options;
    const ref = recorder.newRef();
    const at = { user: this.user, device: this.device, connection: 0 };
    recorder.record({
      kind: 'page-asked',
      ...at,
      ref,
      conversation,
      limit,
      ...(before === undefined ? {} : { before }),
    });
    const query = `limit=${limit}${before === undefined ? '' : `&before=${before}`}`;
    const path = `/v1/conversations/${conversation}/messages`;
    const answer = await call(this.#options, { user: this.user, method: 'GET', path, query });
    if (answer?.status !== 200) return;
    const messages = (answer.body['messages'] as Frame[]).map(shownInFrame);
    const hasMore = answer.body['has_more'] === true;
    recorder.record({ kind: 'page-read', ...at, ref, messages, hasMore, stale: answer.body['stale'] === true });
  }

  #connectAfter(delayMs: number): void {
    const { cluster, fleet, chance, user, device } = this.#options;
    cluster.time.schedule(delayMs, () => {
      if (this.#isGone || this.#line) return;
      const gateway = fleet.gateway(chance.whole(0, 1));
      if (!gateway) return this.#connectAfter(chance.between(...CLIENT.pauseMs));
      this.#heardTs = cluster.time.now();
      const line: Line = new Line({
        ...this.#options,
        gateway,
        user,
        device,
        onFrame: (frame) => this.#line === line && this.#receive(frame),
        onClosed: (code) => this.#line === line && this.#lost(code),
      });
      this.#line = line;
    });
  }

  #lost(code?: number): void {
    const wasReady = this.#isReady;
    this.#line = undefined;
    this.#isReady = false;
    this.#reading.disconnected();
    if (wasReady) {
      this.#record({ kind: 'disconnected', ...(code === undefined ? {} : { code }) });
      this.#options.cluster.story.tell(
        this.name,
        `is disconnected${code === undefined ? ': no answer to its ping' : ` (${code})`}`,
      );
    }
    if (!this.#isGone) this.#connectAfter(this.#options.chance.between(...CLIENT.pauseMs));
  }

  #tick(): void {
    const { time } = this.#options.cluster;
    time.schedule(CLIENT.tickMs, () => {
      if (this.#isGone) return;
      this.#beat(time.now());
      this.#tick();
    });
  }

  #beat(now: number): void {
    if (this.#line && now - this.#heardTs > CLIENT.pongTimeoutMs) {
      this.#line.close();
      return this.#lost();
    }
    if (!this.#isReady) return;
    if (now - this.#pingTs >= CLIENT.pingMs) {
      this.#pingTs = now;
      this.#line?.send({ type: 'ping' });
    }
    this.#reading.resumeAgain();
    for (const pending of this.#pending.values()) if (pending.nextTryTs <= now) this.#write(pending);
  }

  #write(pending: Pending): void {
    const { conversation, clientMsgId, body } = pending;
    const { cluster, chance } = this.#options;
    pending.nextTryTs = cluster.time.now() + CLIENT.retryMs;
    this.#record({ kind: 'sent', conversation, clientMsgId, body });
    cluster.story.tell(this.name, `sends "${body}" to ${conversation} (${clientMsgId})`);
    const ref = chance.happens(0.5) ? { ref: clientMsgId.slice(-8) } : {};
    this.#line?.send({ type: 'send', ...ref, conversation_id: conversation, client_msg_id: clientMsgId, body });
  }

  #receive(frame: Frame): void {
    this.#heardTs = this.#options.cluster.time.now();
    switch (frame.type) {
      case 'hello':
        return this.#greeted(frame);
      case 'ack':
        return this.#wasAcked(frame);
      case 'error':
        return this.#failed(frame);
      case 'message':
      case 'conversation':
        return this.#reading.live(frame);
      case 'history':
        return this.#reading.history(frame);
      case 'resumed':
        return this.#reading.resumed(frame);
      case 'resume_failed':
        return this.#reading.failed(frame);
      case 'resync':
        return this.#reading.resumeAll();
    }
  }

  #greeted({ server_ts }: Frame): void {
    const { cluster } = this.#options;
    this.#connection++;
    this.#isReady = true;
    this.#pingTs = cluster.time.now();
    this.#clockOffsetMs = Number(server_ts) - cluster.time.now();
    this.#record({ kind: 'connected' });
    cluster.story.tell(this.name, `is connected to ${this.#line?.gatewayName}`);
    this.#reading.resumeAll();
    for (const pending of this.#pending.values()) this.#write(pending);
  }

  #wasAcked(frame: Frame): void {
    const { client_msg_id, conversation_id, message_id, duplicate } = frame;
    const clientMsgId = String(client_msg_id);
    const conversation = String(conversation_id);
    const position = Number(message_id);
    this.#record({ kind: 'acked', conversation, clientMsgId, position, duplicate: duplicate === true });
    this.#options.cluster.story.tell(
      this.name,
      `is acked ${position} in ${conversation} (${clientMsgId})${duplicate ? ', a duplicate' : ''}`,
    );
    const pending = this.#pending.get(clientMsgId);
    if (!pending) return;
    this.#pending.delete(clientMsgId);
    this.acked.push(pending);
  }

  #failed(frame: Frame): void {
    const { cluster } = this.#options;
    const pending = this.#pending.get(String(frame['client_msg_id']));
    const retryable = frame['retryable'] === true;
    const code = String(frame['code']);
    const retryMs = Number(frame['retry_after_ms'] ?? 500);
    if (code === 'internal') cluster.alarm(this.name, JSON.stringify(frame));
    if (!pending) {
      return this.#reading.refused(String(frame['ref']));
    }
    const { conversation, clientMsgId } = pending;
    this.#record({ kind: 'refused', conversation, clientMsgId, code, retryable });
    cluster.story.tell(this.name, `is refused: ${code} (${clientMsgId})`);
    if (retryable) pending.nextTryTs = cluster.time.now() + retryMs;
    else this.#pending.delete(clientMsgId);
  }

  /** Of this connection. */
  #record(happening: object): void {
    const { recorder } = this.#options;
    const by = { user: this.user, device: this.device, connection: this.#connection };
    recorder.record({ ...happening, ...by } as Parameters<HistoryRecorder['record']>[0]);
  }

  #newId(): string {
    const { chance, cluster } = this.#options;
    const offsetMs = this.#ids === 'behind' ? clockBehindMs : this.#clockOffsetMs;
    return chance.uuid(this.#ids === 'random' ? 4 : 7, cluster.time.now() + offsetMs);
  }
}

/** Messages on the page after a refused resume. */
const newestMax = 50;

/** Older than what takes the fast path. */
const clockBehindMs = -100_000;
