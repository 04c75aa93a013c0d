// A client that does what PROTOCOL asks of one, and remembers everything it was told. Written against the wire alone: it
// shares no code with the gateway, so that both cannot be wrong in the same way.
import { setTimeout as pause } from 'node:timers/promises';
import { ClientRecord, fetchPage, type Frame } from './history/from-wire.ts';
import type { PageAnswer, PageQuestion } from './history/history.ts';
import type { HistoryRecorder } from './history/recorder.ts';
import { uuidV7 } from './uuid.ts';

/** One entry of a conversation as this client was shown it. */
export interface Entry {
  readonly position: number;
  /** Of a message; undefined for membership events. */
  readonly clientMsgId?: string;
  /** Who said it, or did it. */
  readonly senderId?: string;
  readonly body?: string;
  /** The position of the message it answers. */
  readonly replyTo?: number;
  readonly event?: string;
  /** When it was first shown, live or by a resume. */
  readonly seenTs: number;
}

export interface Acked {
  readonly clientMsgId: string;
  readonly conversationId: string;
  readonly body: string;
  readonly position: number;
  readonly duplicate: boolean;
  readonly sentTs: number;
  readonly tookMs: number;
}

/** Everything that a client forgot when it heard of another log. */
export interface FormerLog {
  readonly logEpoch: number;
  readonly entries: ReadonlyMap<string, ReadonlyMap<number, Entry>>;
  readonly cursors: ReadonlyMap<string, number>;
  readonly acks: readonly Acked[];
}

export interface Refused {
  readonly code: string;
}

interface Pending {
  readonly frame: Frame & { readonly client_msg_id: string; readonly conversation_id: string; readonly body: string };
  readonly sentTs: number;
  lastTryTs: number;
  resolve(outcome: Acked | Refused): void;
}

export interface RecordingClientOptions {
  /** Asked again before each connection: a restarted server may be elsewhere. */
  readonly url: () => string;
  readonly userId: string;
  readonly token: (userId: string) => Promise<string>;
  /** How far this client's clock is off. */
  readonly clockOffsetMs?: number;
  /** It says `ping` this often, and goes elsewhere when nothing came back for twice as long; never, when not given. */
  readonly pingMs?: number;
  /** Called with each entry when it is first shown. */
  readonly onEntry?: (conversationId: string, entry: Entry) => void;
  /** Where everything is taken down that this client writes and hears. */
  readonly history?: HistoryRecorder;
  /** Told apart in the history from the user's other clients: `device`, if not given. */
  readonly device?: string;
}

/** An unanswered send is sent again after this time, or at once on a new connection. */
const retryMs = 8_000;

export class RecordingClient {
  readonly userId: string;
  /** By conversation, then position. */
  readonly entries = new Map<string, Map<number, Entry>>();
  readonly cursors = new Map<string, number>();
  /** What was known of logs that are no more: a backup was restored since. */
  readonly former: FormerLog[] = [];
  logEpoch: number | undefined;
  readonly acks: Acked[] = [];
  /** What no server may ever do; each a sentence. */
  readonly offences: string[] = [];
  readonly frameCounts = new Map<string, number>();
  /** Bodies of live messages as they came, repeats and all. */
  readonly liveBodies: string[] = [];
  /** Of every connection that was closed by the server, or lost. */
  readonly closeCodes: number[] = [];
  connections = 0;
  /** Each lost connection: when it was last heard of, and when it was given up. */
  readonly disconnections: { readonly fromTs: number; readonly endedTs: number }[] = [];
  /** When each `hello` came. */
  readonly helloTs: number[] = [];
  readonly #options: RecordingClientOptions;
  readonly #record: ClientRecord | undefined;
  readonly #pending = new Map<string, Pending>();
  #socket: WebSocket | undefined;
  #leave: () => void = () => undefined;
  #isReady = false;
  #stopped = false;
  /** Resumes without an answer yet, by ref. */
  readonly #resumes = new Map<string, readonly string[]>();
  #lastRef = 0;
  readonly #resumeAgain = new Set<string>();

  constructor(options: RecordingClientOptions) {
    this.#options = options;
    this.userId = options.userId;
    const { history, userId: user, device = 'device' } = options;
    this.#record = history && new ClientRecord(history, { user, device });
  }

  start(): void {
    this.#run().catch((error: unknown) => this.offences.push(`${this.userId}: ${String(error)}`));
  }

  /** Why it is not quiet, for the message of a failed test. */
  get unfinished(): string {
    return `${this.userId}: ready ${this.#isReady}, ${this.#pending.size} sends, ${this.#resumes.size}+${this.#resumeAgain.size} resumes`;
  }

  stop(): void {
    this.#stopped = true;
    for (const clientMsgId of this.#pending.keys()) this.#record?.gaveUp(clientMsgId);
    this.#socket?.close();
  }

  /** Connects again, to where `url` says now, as after a change of networks: the old socket is left open and unheard. */
  moveOn(): void {
    this.#socket = undefined;
    this.#leave();
  }

  /** No resume under way and nothing waits for an ack. */
  get isQuiet(): boolean {
    return this.#isReady && this.#resumes.size === 0 && this.#resumeAgain.size === 0 && this.#pending.size === 0;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  newId(): string {
    return uuidV7(Date.now() + (this.#options.clockOffsetMs ?? 0));
  }

  /** Until it is acked or finally refused, over any number of connections, with one id. */
  send(conversationId: string, body: string, clientMsgId = this.newId()): Promise<Acked | Refused> {
    return this.#say({ type: 'send', client_msg_id: clientMsgId, conversation_id: conversationId, body });
  }

  /** As `send`, in answer to the message at this position. */
  reply(conversationId: string, body: string, replyTo: number): Promise<Acked | Refused> {
    const ids = { client_msg_id: this.newId(), conversation_id: conversationId };
    return this.#say({ type: 'send', ...ids, body, reply_to: String(replyTo) });
  }

  #say(frame: Pending['frame']): Promise<Acked | Refused> {
    return new Promise((resolve) => {
      const now = Date.now();
      this.#pending.set(frame.client_msg_id, { frame, sentTs: now, lastTryTs: now, resolve });
      if (this.#isReady) this.#write(frame);
    });
  }

  /** Asks for everything after the cursors of these conversations. */
  resume(conversationIds: Iterable<string>): void {
    const ids = [...conversationIds];
    if (!this.#isReady) return;
    const ref = `resume ${this.#lastRef++}`;
    this.#resumes.set(ref, ids);
    const lastSeen = Object.fromEntries(ids.map((id) => [id, String(this.cursors.get(id) ?? 0)]));
    this.#write({ type: 'resume', ref, last_seen: lastSeen });
  }

  /** A page by REST from any gateway; undefined when it was refused or did not come. */
  async page(
    base: string,
    conversationId: string,
    question: Partial<PageQuestion> = {},
  ): Promise<PageAnswer | undefined> {
    const all = { limit: 50, ...question };
    const token = await this.#options.token(this.userId);
    const answered = this.#record?.askedPage(conversationId, all);
    const page = await fetchPage(`${base}/v1/conversations/${conversationId}/messages`, token, all);
    if (page) answered?.(page);
    return page;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#oneConnection().catch(() => undefined); // the next one tells
      await pause(50 + Math.random() * 200);
    }
  }

  async #oneConnection(): Promise<void> {
    const token = await this.#options.token(this.userId);
    const socket = new WebSocket(this.#options.url(), ['chat.v1', `bearer.${token}`]);
    this.#socket = socket;
    const retrying = setInterval(() => this.#retryOld(), 500);
    const { pingMs = Number.POSITIVE_INFINITY } = this.#options;
    let heardTs = Date.now();
    let closeCode: number | undefined;
    const pinging = setInterval(() => this.#write({ type: 'ping' }), Math.min(pingMs, 2 ** 30));
    try {
      await new Promise<void>((resolve) => {
        const watching = setInterval(() => Date.now() - heardTs > 2 * pingMs && resolve(), 100);
        socket.addEventListener('close', () => clearInterval(watching));
        socket.addEventListener('message', ({ data }) => {
          heardTs = Date.now();
          if (this.#socket === socket) this.#receive(JSON.parse(String(data)) as Frame);
        });
        socket.addEventListener('close', ({ code }) => {
          this.closeCodes.push(code);
          closeCode = code;
          resolve();
        });
        this.#leave = resolve;
        socket.addEventListener('error', () => resolve());
      });
    } finally {
      clearInterval(retrying);
      clearInterval(pinging);
      if (this.#isReady) this.#record?.lost(closeCode);
      this.#isReady = false;
      const hasMovedOn = this.#socket !== socket;
      this.#socket = undefined;
      this.disconnections.push({ fromTs: heardTs, endedTs: Date.now() });
      this.#resumes.clear();
      if (!hasMovedOn) socket.close();
    }
  }

  #write(frame: Frame): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#record?.wrote(frame);
    this.#socket.send(JSON.stringify(frame));
  }

  #retryOld(): void {
    if (!this.#isReady) return;
    if (this.#resumeAgain.size > 0) this.resume(this.#resumeAgain);
    this.#resumeAgain.clear();
    const now = Date.now();
    for (const pending of this.#pending.values()) {
      if (now - pending.lastTryTs < retryMs) continue;
      pending.lastTryTs = now;
      this.#write(pending.frame);
    }
  }

  #receive(frame: Frame): void {
    this.#record?.heard(frame);
    this.frameCounts.set(frame.type, (this.frameCounts.get(frame.type) ?? 0) + 1);
    switch (frame.type) {
      case 'hello':
        this.#isReady = true;
        this.connections++;
        this.helloTs.push(Date.now());
        this.#hearEpoch(Number(frame['log_epoch']));
        this.resume(this.cursors.keys()); // of none, too: `others` tells what was opened meanwhile
        for (const pending of this.#pending.values()) this.#write(pending.frame);
        return;
      case 'ack':
        return this.#acked(frame);
      case 'error':
        return this.#failed(frame);
      case 'message':
      case 'conversation':
        return this.#live(frame);
      case 'history':
        return this.#history(frame);
      case 'resumed':
        return this.#resumed(frame);
      case 'resume_failed':
        if (frame['reason'] === 'unavailable') this.#resumeAgain.add(String(frame['conversation_id']));
        else this.cursors.delete(String(frame['conversation_id']));
        return;
      case 'resync':
        return this.resume((frame['conversation_ids'] as string[] | undefined) ?? this.cursors.keys());
    }
  }

  /** Another log: the same positions mean something else now. */
  #hearEpoch(logEpoch: number): void {
    if (this.logEpoch !== undefined && this.logEpoch !== logEpoch) {
      const { entries, cursors, acks } = this;
      this.former.push({
        logEpoch: this.logEpoch,
        entries: new Map(entries),
        cursors: new Map(cursors),
        acks: [...acks],
      });
      entries.clear();
      cursors.clear();
      acks.length = 0;
    }
    this.logEpoch = logEpoch;
  }

  #acked(frame: Frame): void {
    const pending = this.#pending.get(String(frame['client_msg_id']));
    if (!pending) return;
    this.#pending.delete(pending.frame.client_msg_id);
    const acked: Acked = {
      clientMsgId: pending.frame.client_msg_id,
      conversationId: pending.frame.conversation_id,
      body: pending.frame.body,
      position: Number(frame['message_id']),
      duplicate: frame['duplicate'] === true,
      sentTs: pending.sentTs,
      tookMs: Date.now() - pending.sentTs,
    };
    this.acks.push(acked);
    pending.resolve(acked);
  }

  #failed(frame: Frame): void {
    const pending = this.#pending.get(String(frame['client_msg_id']));
    if (!pending) {
      const unresumed = this.#resumes.get(String(frame['ref']));
      this.#resumes.delete(String(frame['ref']));
      for (const id of unresumed ?? []) this.#resumeAgain.add(id);
      if (frame['retryable'] !== true) this.offences.push(`${this.userId}: ${JSON.stringify(frame)}`);
      return;
    }
    if (frame['retryable'] === true) {
      pending.lastTryTs = Date.now() + Number(frame['retry_after_ms'] ?? 500) - retryMs;
      return;
    }
    this.#pending.delete(pending.frame.client_msg_id);
    pending.resolve({ code: String(frame['code']) });
  }

  #live(frame: Frame): void {
    const id = String(frame['conversation_id']);
    const cursor = this.cursors.get(id) ?? 0;
    const position = Number(frame['position'] ?? frame['message_id']);
    if (frame.type === 'message') this.liveBodies.push(String(frame['body']));
    if (position <= cursor) return;
    if (Number(frame['prev_id']) > cursor) {
      if (!this.cursors.has(id)) this.cursors.set(id, 0);
      // One that is under way will bring it: this frame was sent before the gateway came to it.
      const isUnderWay = [...this.#resumes.values()].some((ids) => ids.includes(id));
      return isUnderWay ? undefined : this.resume([id]);
    }
    this.#keep(frame);
    this.cursors.set(id, position);
  }

  #history(frame: Frame): void {
    for (const list of [frame['messages'], frame['conversations']]) {
      for (const entry of (list ?? []) as Frame[]) this.#keep(entry);
    }
  }

  #resumed(frame: Frame): void {
    this.#resumes.delete(String(frame['ref']));
    for (const [id, head] of Object.entries(frame['heads'] as Record<string, string>)) {
      this.cursors.set(id, Math.max(this.cursors.get(id) ?? 0, Number(head)));
    }
    const others = Object.keys((frame['others'] ?? {}) as Record<string, string>).filter((id) => !this.cursors.has(id));
    for (const id of others) this.cursors.set(id, 0);
    if (others.length > 0) this.resume(others);
  }

  #keep(frame: Frame): void {
    const id = String(frame['conversation_id']);
    const position = Number(frame['position'] ?? frame['message_id']);
    const clientMsgId = frame['client_msg_id'];
    const seenTs = Date.now();
    const entry: Entry =
      typeof clientMsgId !== 'string'
        ? { position, seenTs, senderId: String(frame['actor_id']), event: JSON.stringify(frame['event']) }
        : {
            position,
            seenTs,
            clientMsgId,
            senderId: String(frame['sender_id']),
            body: String(frame['body']),
            ...(frame['reply_to'] === undefined ? {} : { replyTo: Number(frame['reply_to']) }),
          };
    const entries = this.entries.get(id) ?? new Map<number, Entry>();
    this.entries.set(id, entries);
    const before = entries.get(position);
    if (before && before.clientMsgId !== entry.clientMsgId) {
      this.offences.push(`${this.userId}: two entries at ${id} ${position}: ${JSON.stringify([before, entry])}`);
    }
    entries.set(position, before ?? entry);
    if (!before) this.#options.onEntry?.(id, entry);
  }
}

export const isAcked = (outcome: Acked | Refused): outcome is Acked => 'position' in outcome;
