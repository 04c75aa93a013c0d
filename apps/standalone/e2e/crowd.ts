// Many clients in many conversations, all talking: the load under which things are killed.
import { setTimeout as pause } from 'node:timers/promises';
import { compare, readLog, readRows, walkPages, type Findings } from './independent-reader.ts';
import { isAcked, RecordingClient, type Acked, type Refused } from './recording-client.ts';
import { eventually, seeded, type StandaloneProcess } from './standalone-process.ts';

export interface CrowdOptions {
  readonly standalone: StandaloneProcess;
  readonly clients: number;
  readonly conversations: number;
  readonly membersEach: number;
  readonly sendsPerSecond: number;
  readonly seed: number;
}

export class Crowd {
  readonly clients: readonly RecordingClient[];
  readonly membersOf = new Map<string, readonly string[]>();
  sent = 0;
  readonly #options: CrowdOptions;
  readonly #random: () => number;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #silence = new AbortController();
  #talking: Promise<void> = Promise.resolve();

  private constructor(options: CrowdOptions) {
    const { standalone } = options;
    this.#options = options;
    this.#random = seeded(options.seed);
    const tokens = new Map<string, Promise<string>>();
    const token = (userId: string): Promise<string> => {
      const known = tokens.get(userId) ?? standalone.token(userId);
      tokens.set(userId, known);
      return known;
    };
    this.clients = Array.from(
      { length: options.clients },
      (_, index) => new RecordingClient({ url: () => standalone.socketUrl, userId: `user-${index}`, token }),
    );
  }

  static async gather(options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(options);
    for (const client of crowd.clients) client.start();
    await eventually('every client is connected', () => crowd.clients.every(({ isReady }) => isReady));
    for (let index = 0; index < options.conversations; index++) await crowd.#found(index);
    await eventually('every client knows its conversations', () =>
      [...crowd.membersOf].every(([id, members]) => members.every((userId) => crowd.#client(userId).cursors.has(id))),
    );
    return crowd;
  }

  async #found(index: number): Promise<void> {
    const { clients, membersEach, standalone } = this.#options;
    const members = Array.from({ length: membersEach }, (_, nth) => `user-${(index + nth * 7) % clients}`);
    const unique = [...new Set(members)];
    const token = await standalone.token(unique[0] ?? '');
    const { conversation_id: id } = await standalone.call<{ conversation_id: string }>('POST', '/v1/conversations', {
      token,
      body: { type: 'group', name: `room ${index}`, members: unique },
    });
    this.membersOf.set(id, unique);
  }

  #client(userId: string): RecordingClient {
    const client = this.clients.find((each) => each.userId === userId);
    if (!client) throw new Error(`no client ${userId}`);
    return client;
  }

  get acked(): number {
    return this.clients.reduce((sum, { acks }) => sum + acks.length, 0);
  }

  get acks(): readonly Acked[] {
    return this.clients.flatMap(({ acks }) => acks);
  }

  /** Open loop: sends at the rate whether or not anything is answered, in random conversations. */
  talk(): void {
    this.#talking = this.#keepTalking();
  }

  async #keepTalking(): Promise<void> {
    const rooms = [...this.membersOf];
    const startedTs = Date.now();
    for (let count = 0; !this.#silence.signal.aborted;) {
      const due = ((Date.now() - startedTs) / 1000) * this.#options.sendsPerSecond;
      for (; count < due; count++) this.#say(rooms);
      await pause(5);
    }
  }

  #say(rooms: readonly [string, readonly string[]][]): void {
    const [id, members] = rooms[Math.floor(this.#random() * rooms.length)] ?? ['', []];
    const sender = members[Math.floor(this.#random() * members.length)] ?? '';
    const body = `message ${this.sent++} ${'ä€😀'.repeat(Math.floor(this.#random() * 10))}`;
    const outcome = this.#await(sender, this.#client(sender).send(id, body)).finally(() =>
      this.#underWay.delete(outcome),
    );
    this.#underWay.add(outcome);
  }

  async #await(sender: string, answer: Promise<Acked | Refused>): Promise<void> {
    const outcome = await answer;
    if (!isAcked(outcome)) this.#client(sender).offences.push(`refused: ${outcome.code} for a member`);
  }

  /** No more sends; every one that was begun is answered, and every client has caught up. */
  async fallSilent(): Promise<void> {
    this.#silence.abort();
    await this.#talking;
    await eventually('every send is answered', () => this.#underWay.size === 0, 120_000);
    await this.#quiet();
    await pause(1_500); // a heartbeat of delivery: what is still missing would show as a hole by now
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    const loud = (): RecordingClient[] => this.clients.filter(({ isQuiet }) => !isQuiet);
    await eventually('every client is quiet', () => loud().length === 0, 60_000).catch((error: unknown) => {
      throw new Error(
        loud()
          .map(({ unfinished }) => unfinished)
          .join('\n'),
        { cause: error },
      );
    });
  }

  /** What the independent reader says of it all. */
  async judge(): Promise<Findings> {
    const { standalone } = this.#options;
    const log = await readLog(standalone.natsUrl);
    const pages = new Map<string, readonly { position: number; clientMsgId: string }[]>();
    for (const [id, [member = '']] of this.membersOf) {
      pages.set(id, await walkPages(standalone.base, id, await standalone.token(member)));
    }
    const rows = readRows(`${standalone.dataDir}/read-models/timeline-g1.sqlite`);
    return compare({ log, clients: this.clients, membersOf: this.membersOf, pages, rows });
  }

  leave(): void {
    for (const client of this.clients) client.stop();
  }
}

/** `q` of the sorted values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
