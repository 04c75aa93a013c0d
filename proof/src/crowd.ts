// Many clients in many conversations, all talking: the load under which things are killed.
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, seeded } from './eventually.ts';
import { checkHistory } from './history/check-history.ts';
import type { CheckOptions, Offence } from './history/facts.ts';
import { readBack } from './history/read-back.ts';
import type { HistoryRecorder } from './history/recorder.ts';
import { compare, walkPages, type Findings, type LogEntry } from './independent-reader.ts';
import { isAcked, RecordingClient, type Acked, type Refused } from './recording-client.ts';
import type { StoredRow } from './rows.ts';

/** What is judged, as its clients and an operator see it. */
export interface SystemUnderProof {
  /** Of REST: any gateway will do. Asked again for each call. */
  readonly base: string;
  /** Where the user's next connection goes. */
  readonly socketUrl: string;
  token(userId: string): Promise<string>;
  /** A REST call that must succeed; while the system is away it is tried again. */
  call<Answer>(method: string, url: string, options: { token?: string; body?: object }): Promise<Answer>;
  readLog(): Promise<readonly LogEntry[]>;
  /** Positions of each conversation's stored rows. */
  readRows(): Promise<ReadonlyMap<string, readonly number[]>>;
  /** The rows with what they say, where the store can be read so. */
  readStoredRows?(): Promise<readonly StoredRow[]>;
}

export interface CrowdOptions {
  readonly system: SystemUnderProof;
  readonly clients: number;
  readonly conversations: number;
  readonly membersEach: number;
  readonly sendsPerSecond: number;
  readonly seed: number;
  /** As for each client. */
  readonly pingMs?: number;
  /** Where all that its clients write and hear is taken down. */
  readonly history?: HistoryRecorder;
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
    const { system } = options;
    this.#options = options;
    this.#random = seeded(options.seed);
    const { pingMs, history } = options;
    const extras = { ...(pingMs === undefined ? {} : { pingMs }), ...(history === undefined ? {} : { history }) };
    const tokens = new Map<string, Promise<string>>();
    const token = (userId: string): Promise<string> => {
      const known = tokens.get(userId) ?? system.token(userId);
      tokens.set(userId, known);
      return known;
    };
    this.clients = Array.from(
      { length: options.clients },
      (_, index) => new RecordingClient({ url: () => system.socketUrl, userId: `user-${index}`, token, ...extras }),
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
    const { clients, membersEach, system } = this.#options;
    const members = Array.from({ length: membersEach }, (_, nth) => `user-${(index + nth * 7) % clients}`);
    const unique = [...new Set(members)];
    const token = await system.token(unique[0] ?? '');
    const { conversation_id: id } = await system.call<{ conversation_id: string }>('POST', '/v1/conversations', {
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
    const { system } = this.#options;
    const log = await system.readLog();
    const pages = new Map<string, readonly { position: number; clientMsgId: string }[]>();
    for (const [id, [member = '']] of this.membersOf) {
      pages.set(id, await walkPages(system.base, id, await system.token(member)));
    }
    const rows = await system.readRows();
    return compare({ log, clients: this.clients, membersOf: this.membersOf, pages, rows });
  }

  /** What the checker says of the history so far and of what every path shows now: call it once the crowd is silent. */
  async judgeHistory(options: CheckOptions): Promise<readonly Offence[]> {
    const { system, history: recorder } = this.#options;
    if (!recorder) throw new Error('this crowd keeps no history');
    await readBack({ recorder, system, membersOf: this.membersOf });
    return checkHistory(recorder.history, options);
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
