// Plays scripts of rooms on a running server: every nick is a user with a connection of its own, every room a group in which
// history begins with joining. Within a room one thing happens after the other was acked; rooms go on beside one another.
// Connections are cut and the server is killed as planned. What everybody saw stays with the clients.
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, isAcked, RecordingClient, type Entry } from '@parley/proof';
import type { StandaloneProcess } from '@parley/standalone/testing';
import { messagesOf, type Cut } from './cuts.ts';
import { Nicks, operatorId } from './nicks.ts';
import type { Progress } from './screen.ts';
import type { RoomScript, Say, Step } from './script.ts';
import { Wire } from './wire.ts';

const millisecondsPerMinute = 60_000;
const settleMsMax = 180_000;
/** A heartbeat of delivery and a half: what is missing after it would have shown as a hole. */
const quietMs = 1_500;

export interface ReplayOptions {
  readonly server: StandaloneProcess;
  readonly scripts: readonly RoomScript[];
  readonly cuts: readonly Cut[];
  /** Everything is killed when so many messages are acked. */
  readonly killAtMessage: number;
  /** Minutes of the log in a minute; infinite: each thing as soon as the one before it is acked. */
  readonly speed: number;
}

type OnEntry = (room: string, entry: Entry) => void;

export interface PlayedRoom {
  readonly script: RoomScript;
  readonly conversationId: string;
  /** Where the acks put the lines, by their `n`. */
  readonly positions: Map<number, number>;
}

export class Replay implements AsyncDisposable {
  readonly rooms: PlayedRoom[] = [];
  readonly nicks = new Nicks();
  readonly clients = new Map<string, RecordingClient>();
  readonly #options: ReplayOptions;
  readonly #total: number;
  readonly #tokens = new Map<string, Promise<string>>();
  readonly #wires = new Map<string, Wire>();
  #said = 0;
  #kills = 0;
  #cutsDone = 0;
  #killing: Promise<void> | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#total = messagesOf(options.scripts);
  }

  get progress(): Progress {
    const connected = [...this.clients.values()].filter(({ isReady }) => isReady).length;
    return { said: this.#said, total: this.#total, connected, cuts: this.#cuts, kills: this.#kills };
  }

  get played() {
    const cutReaders = [...this.#wires.values()].filter(({ cuts }) => cuts > 0).length;
    return { users: this.clients.size - 1, cutReaders, cuts: this.#cuts, kills: this.#kills };
  }

  /** What each room has to say. */
  get lengths(): readonly { readonly name: string; readonly entries: number }[] {
    return this.#options.scripts.map(({ room, steps }) => ({ name: room, entries: steps.length + 1 }));
  }

  get #cuts(): number {
    return [...this.#wires.values()].reduce((sum, { cuts }) => sum + cuts, 0);
  }

  cutsOf(userId: string): number {
    return this.#wires.get(userId)?.cuts ?? 0;
  }

  /** The operator, who is in every room, is shown each entry as it arrives. */
  async run(onEntry: OnEntry): Promise<void> {
    for (const { nick } of this.#options.cuts) await this.#layWire(this.nicks.userId(nick));
    for (const script of this.#options.scripts) await this.#open(script);
    const nameOf = new Map(this.rooms.map(({ conversationId, script }) => [conversationId, script.room]));
    this.#connect(operatorId, (id, entry) => onEntry(nameOf.get(id) ?? id, entry));
    const startedTs = Date.now();
    await Promise.all(this.rooms.map((room) => this.#play(room, startedTs)));
    await this.#killing;
    await this.#settle();
  }

  async #layWire(userId: string): Promise<void> {
    if (!this.#wires.has(userId)) this.#wires.set(userId, await Wire.to(this.#options.server.port));
  }

  async #open(script: RoomScript): Promise<void> {
    const body = { type: 'group', name: script.room, members: [], settings: { history: 'since_join' } };
    const { server } = this.#options;
    const token = await this.token(operatorId);
    const { conversation_id: conversationId } = await server.call<{ conversation_id: string }>(
      'POST',
      '/v1/conversations',
      { token, body },
    );
    this.rooms.push({ script, conversationId, positions: new Map() });
  }

  async #play(room: PlayedRoom, startedTs: number): Promise<void> {
    for (const step of room.script.steps) {
      const dueTs = startedTs + (step.minute * millisecondsPerMinute) / this.#options.speed;
      if (dueTs > Date.now()) await pause(dueTs - Date.now());
      await this.#do(room, step);
    }
  }

  async #do(room: PlayedRoom, step: Step): Promise<void> {
    const userId = this.nicks.userId(step.nick);
    const client = this.clients.get(userId) ?? this.#connect(userId);
    if (step.type === 'say') return this.#say(room, client, step);
    const members = `/v1/conversations/${room.conversationId}/members`;
    if (step.type === 'leave') return this.#leave(`${members}/me`, userId);
    goOn(client, room.conversationId);
    const token = await this.token(operatorId);
    await this.#options.server.call('POST', members, { token, body: { user_ids: [userId] } });
  }

  #connect(userId: string, onEntry: OnEntry = () => undefined): RecordingClient {
    const port = this.#wires.get(userId)?.port ?? this.#options.server.port;
    const token = (id: string): Promise<string> => this.token(id);
    const client = new RecordingClient({ url: () => `ws://127.0.0.1:${port}/v1/ws`, userId, token, onEntry });
    this.clients.set(userId, client);
    client.start();
    return client;
  }

  token(userId: string): Promise<string> {
    const known = this.#tokens.get(userId) ?? this.#options.server.token(userId);
    this.#tokens.set(userId, known);
    return known;
  }

  async #say(room: PlayedRoom, client: RecordingClient, { n, text, replyTo, nick }: Say): Promise<void> {
    const target = replyTo === undefined ? undefined : room.positions.get(replyTo);
    const id = room.conversationId;
    const outcome = await (target === undefined ? client.send(id, text) : client.reply(id, text, target));
    if (!isAcked(outcome)) throw new Error(`${room.script.room}, line ${n}: ${nick} was refused: ${outcome.code}`);
    room.positions.set(n, outcome.position);
    this.#said++;
    this.#meddle();
  }

  /** The first try may have been heard though its answer was not: who is gone already has left. */
  async #leave(url: string, userId: string): Promise<void> {
    const token = await this.token(userId);
    await this.#options.server.call('DELETE', url, { token }).catch((error: unknown) => {
      if (!String(error).includes('not_a_member')) throw error;
    });
  }

  /** What is due by now. */
  #meddle(): void {
    const { cuts, killAtMessage } = this.#options;
    for (; (cuts[this.#cutsDone]?.atMessage ?? Number.POSITIVE_INFINITY) < this.#said; this.#cutsDone++) {
      const cut = cuts[this.#cutsDone];
      if (cut) this.#wires.get(this.nicks.userId(cut.nick))?.cut(cut.awayMs);
    }
    if (this.#said >= killAtMessage && this.#killing === undefined) {
      this.#killing = this.#kill();
      this.#killing.catch(() => undefined); // it is awaited, and throws, when all is said
    }
  }

  /** kill -9 of the server and its nats-server, as a power cut would, then a start on the same data. */
  async #kill(): Promise<void> {
    await this.#options.server.killTree();
    this.#kills++;
    await this.#options.server.start();
  }

  async #settle(): Promise<void> {
    await this.#quiet();
    await pause(quietMs);
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    const clients = [...this.clients.values()];
    await eventually('every client is quiet', () => clients.every(({ isQuiet }) => isQuiet), settleMsMax);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients.values()) client.stop();
    for (const wire of this.#wires.values()) await wire[Symbol.asyncDispose]();
  }
}

/** Who comes back goes on where it was: it has what came before, which may be more than a resume brings. */
function goOn({ entries, cursors }: RecordingClient, conversationId: string): void {
  const last = [...(entries.get(conversationId)?.keys() ?? [])].at(-1);
  if (last !== undefined) cursors.set(conversationId, Math.max(last, cursors.get(conversationId) ?? 0));
}
