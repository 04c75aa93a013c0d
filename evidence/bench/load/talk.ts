// The load itself: conversations in which somebody sends and the others listen. Open loop (messages are due by the clock, and their
// latency counts from when they were due, so that a server that stalls pays for all that waited) or closed loop (so many
// in flight, the next one when one is answered).
import { setTimeout as pause } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { openSocket, type ChatSocket, type Frame } from './chat-socket.ts';
import { createHistogram, nowUs, packHistogram, record } from './stopwatch.ts';
import { signToken } from './tokens.ts';

export interface Talk {
  /** Of each of the gateways: clients are spread over them. */
  readonly urls: readonly string[];
  /** The first member sends. */
  readonly conversations: readonly { readonly id: string; readonly members: readonly string[] }[];
  readonly bodyBytes: number;
  readonly pace:
    | { readonly type: 'open'; readonly perSecond: number }
    | { readonly type: 'closed'; readonly inFlight: number };
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface TalkResult {
  /** Of the seconds that count: sends that were due, acked, and refused by code. */
  readonly due: number;
  readonly acked: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Sent and never answered. */
  readonly unanswered: number;
  readonly delivered: number;
  readonly ack: string;
  readonly delivery: string;
}

/** After the last send, for what is under way. */
const drainMsMax = 5_000;
/** Of the hour; the rest of a body is filling. */
const stampChars = 16;

export async function talk(job: Talk): Promise<TalkResult> {
  const talking = new Talking(job);
  await talking.connect();
  await talking.run();
  return talking.result();
}

interface Lane {
  readonly id: string;
  readonly socket: ChatSocket;
  inFlight: number;
}

class Talking {
  readonly #job: Talk;
  readonly #lanes: Lane[] = [];
  readonly #sockets: ChatSocket[] = [];
  readonly #dueUsById = new Map<string, number>();
  readonly #ack = createHistogram();
  readonly #delivery = createHistogram();
  readonly #filling: string;
  #fromUs = Number.POSITIVE_INFINITY;
  #toUs = Number.POSITIVE_INFINITY;
  #due = 0;
  #acked = 0;
  #delivered = 0;
  readonly #refused: Record<string, number> = {};

  constructor(job: Talk) {
    this.#job = job;
    this.#filling = 'x'.repeat(job.bodyBytes - stampChars);
  }

  async connect(): Promise<void> {
    const socketOf = new Map<string, ChatSocket>();
    for (const userId of new Set(this.#job.conversations.flatMap(({ members }) => members))) {
      const url = this.#job.urls[socketOf.size % this.#job.urls.length] ?? '';
      const socket = await openSocket({ url, token: signToken(userId) });
      socket.onFrame((frame) => this.#hear(frame, userId));
      socketOf.set(userId, socket);
    }
    this.#sockets.push(...socketOf.values());
    for (const { id, members } of this.#job.conversations) {
      const socket = socketOf.get(members[0] ?? '');
      if (socket) this.#lanes.push({ id, socket, inFlight: 0 });
    }
  }

  async run(): Promise<void> {
    const { warmUpSeconds, seconds, pace } = this.#job;
    const startUs = nowUs();
    this.#fromUs = startUs + warmUpSeconds * 1e6;
    this.#toUs = this.#fromUs + seconds * 1e6;
    await (pace.type === 'open' ? this.#openLoop(startUs, pace.perSecond) : this.#closedLoop(pace.inFlight));
    const deadlineUs = nowUs() + drainMsMax * 1_000;
    while (this.#dueUsById.size > 0 && nowUs() < deadlineUs) await pause(10);
    await pause(100); // deliveries of what was acked last
    for (const socket of this.#sockets) socket.close();
  }

  async #openLoop(startUs: number, perSecond: number): Promise<void> {
    for (let sent = 0; nowUs() < this.#toUs;) {
      const now = nowUs();
      for (; sent * 1e6 < (now - startUs) * perSecond; sent++) {
        const lane = this.#lanes[sent % this.#lanes.length];
        if (lane) this.#say(lane, startUs + (sent / perSecond) * 1e6);
      }
      await pause(1);
    }
  }

  async #closedLoop(inFlight: number): Promise<void> {
    for (const lane of this.#lanes) for (let count = 0; count < inFlight; count++) this.#say(lane, nowUs());
    this.#next = (lane) => nowUs() < this.#toUs && this.#say(lane, nowUs());
    while (nowUs() < this.#toUs) await pause(10);
    this.#next = () => undefined;
  }

  /** Called when one of a lane is answered. */
  #next: (lane: Lane) => unknown = () => undefined;
  readonly #laneById = new Map<string, Lane>();

  #say(lane: Lane, dueUs: number): void {
    const id = uuidv7();
    this.#dueUsById.set(id, dueUs);
    this.#laneById.set(id, lane);
    if (this.#counts(dueUs)) this.#due++;
    const body = String(Math.round(dueUs)).padStart(stampChars, '0') + this.#filling;
    lane.socket.send({ type: 'send', client_msg_id: id, conversation_id: lane.id, body });
  }

  #hear(frame: Frame, userId: string): void {
    if (frame.type === 'message') return this.#hearMessage(frame, userId);
    if (frame.type === 'closed') throw new Error(`${userId} was closed: ${JSON.stringify(frame)}`);
    if (frame.type !== 'ack' && frame.type !== 'error') return;
    const id = String(frame['client_msg_id']);
    const dueUs = this.#dueUsById.get(id);
    const lane = this.#laneById.get(id);
    if (dueUs === undefined || !lane) throw new Error(`an answer to nothing: ${JSON.stringify(frame)}`);
    this.#dueUsById.delete(id);
    this.#laneById.delete(id);
    if (this.#counts(dueUs)) this.#answered(frame, dueUs);
    this.#next(lane);
  }

  #answered(frame: Frame, dueUs: number): void {
    if (frame.type === 'error') {
      const code = String(frame['code']);
      this.#refused[code] = (this.#refused[code] ?? 0) + 1;
      return;
    }
    const now = nowUs();
    record(this.#ack, now - dueUs);
    if (now <= this.#toUs) this.#acked++;
  }

  #hearMessage(frame: Frame, userId: string): void {
    if (frame['sender_id'] === userId) return;
    const dueUs = Number(String(frame['body']).slice(0, stampChars));
    if (!this.#counts(dueUs)) return;
    this.#delivered++;
    record(this.#delivery, nowUs() - dueUs);
  }

  #counts(dueUs: number): boolean {
    return dueUs >= this.#fromUs && dueUs < this.#toUs;
  }

  result(): TalkResult {
    return {
      due: this.#due,
      acked: this.#acked,
      refused: this.#refused,
      unanswered: this.#dueUsById.size,
      delivered: this.#delivered,
      ack: packHistogram(this.#ack),
      delivery: packHistogram(this.#delivery),
    };
  }
}
