// What goes on while things go wrong: people who act at given rates, whether or not anything is answered.
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, RecordingClient, seeded, type HistoryRecorder } from '@parley/proof';
import { Acts, type Room } from './acts.ts';
import type { Stage } from './stage.ts';

export interface Sizes {
  /** Devices; every third user has two. */
  readonly clients: number;
  readonly rooms: number;
  readonly membersEach: number;
  readonly perSecond: Readonly<Record<Act, number>>;
  /** As of the acts. */
  readonly sayAgainAfterMs: number;
}

type Act = 'say' | 'sayAndRead' | 'sayAgain' | 'sayUninvited' | 'readPage' | 'changeMembers' | 'manage' | 'moveOn';

interface LoadOptions extends Sizes {
  readonly stage: Stage;
  readonly recorder: HistoryRecorder;
  readonly seed: number;
}

const pingMs = 1_000;
const tickMs = 5;
const answeredMsMax = 60_000;
const quietMsMax = 60_000;
/** Longer than delivery's heartbeat: what is still missing shows as a hole by then. */
const settleMs = 1_500;

export class Load {
  readonly clients: readonly RecordingClient[];
  readonly #options: LoadOptions;
  readonly #acts: Acts;
  readonly #tokens = new Map<string, Promise<string>>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #silence = new AbortController();
  #going: Promise<unknown> = Promise.resolve();

  private constructor(options: LoadOptions) {
    const { stage, recorder, seed, sayAgainAfterMs } = options;
    this.#options = options;
    const token = (userId: string): Promise<string> => this.token(userId);
    this.clients = Array.from({ length: options.clients }, (_, index) => {
      const { user: userId, device } = deviceOf(index);
      const url = (): string => `${stage.clientUrl().replace('http', 'ws')}/v1/ws?device=${device}`;
      return new RecordingClient({ url, userId, device, token, pingMs, history: recorder });
    });
    const url = (): string => stage.clientUrl();
    this.#acts = new Acts({ clients: this.clients, recorder, url, token, random: seeded(seed), sayAgainAfterMs });
  }

  /** Everybody is connected and knows their rooms. */
  static async gather(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    for (const client of load.clients) client.start();
    await eventually('every client is connected', () => load.clients.every(({ isReady }) => isReady));
    for (let index = 0; index < options.rooms; index++) await load.#acts.found(index, options.membersEach);
    await eventually('every client knows its rooms', () =>
      load.rooms.every(({ id, members }) =>
        load.clients.every(({ userId, cursors }) => !members.has(userId) || cursors.has(id)),
      ),
    );
    return load;
  }

  get rooms(): readonly Room[] {
    return this.#acts.rooms;
  }

  get users(): readonly string[] {
    return this.#acts.users;
  }

  token(userId: string): Promise<string> {
    const known = this.#tokens.get(userId) ?? this.#options.stage.token(userId);
    this.#tokens.set(userId, known);
    return known;
  }

  begin(): void {
    const rates = Object.entries(this.#options.perSecond) as [Act, number][];
    this.#going = Promise.all(rates.map(([act, rate]) => this.#keepOn(rate, () => this.#acts[act]())));
  }

  async #keepOn(perSecond: number, act: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    for (let count = 0; !this.#silence.signal.aborted; await pause(tickMs)) {
      const due = ((performance.now() - startedMs) / 1_000) * perSecond;
      for (; count < due; count++) this.#follow(act());
    }
  }

  #follow(work: Promise<void>): void {
    const followed = work.finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
  }

  /** Nothing new; what was begun is answered and every client has caught up, if that comes about at all. */
  async fallSilent(): Promise<void> {
    this.#silence.abort();
    await this.#going;
    await inTime(() => this.#underWay.size === 0, answeredMsMax);
    await this.#quiet();
    await pause(settleMs);
    await this.#quiet();
  }

  #quiet(): Promise<void> {
    return inTime(() => this.clients.every(({ isQuiet }) => isQuiet), quietMsMax);
  }

  leave(): void {
    for (const client of this.clients) client.stop();
  }
}

/** It may be what is to be proved that it never comes about: the history tells. */
async function inTime(isSo: () => boolean, msMax: number): Promise<void> {
  const deadlineMs = performance.now() + msMax;
  while (!isSo() && performance.now() < deadlineMs) await pause(20);
}

const deviceOf = (index: number): { readonly user: string; readonly device: string } =>
  index % 4 === 3 ? { user: `user-${index - 1}`, device: 'second' } : { user: `user-${index}`, device: 'first' };

/** A mixture of everything, with rooms for so many clients. */
export function loadOf(size: { readonly clients: number; readonly sendsPerSecond: number }): Sizes {
  return {
    clients: size.clients,
    rooms: size.clients,
    membersEach: Math.min(5, size.clients),
    sayAgainAfterMs: 1_000,
    perSecond: {
      say: size.sendsPerSecond,
      sayAndRead: 5,
      sayAgain: 2,
      sayUninvited: 1,
      readPage: 5,
      changeMembers: 2,
      manage: 1,
      moveOn: 0.5,
    },
  };
}
