// What people do: write, say again, read pages, join, are removed, leave, change networks, try what they may not. Each act
// resolves when it is answered, which may be after many tries.
import { setTimeout as pause } from 'node:timers/promises';
import type { HistoryRecorder, RecordingClient } from '@parley/proof';
import { MemberCommands, type MembersCommand } from './member-commands.ts';

export interface Room {
  readonly id: string;
  /** Never leaves. */
  readonly owner: string;
  /** As far as they were told. */
  readonly members: Set<string>;
  isChanging: boolean;
}

export interface ActsOptions {
  readonly clients: readonly RecordingClient[];
  readonly recorder: HistoryRecorder;
  /** Of REST. */
  readonly url: () => string;
  readonly token: (userId: string) => Promise<string>;
  readonly random: () => number;
  /** What was acked so long ago may be said again, with its old id. */
  readonly sayAgainAfterMs: number;
}

const askAgainMs = 200;
const HISTORIES = ['shared', 'since_join'] as const;
const ROLES = ['admin', 'member'] as const;

export class Acts {
  readonly rooms: Room[] = [];
  readonly users: readonly string[];
  readonly #options: ActsOptions;
  readonly #commands: MemberCommands;
  /** Ids that wait for their answer once more. */
  readonly #saidAgain = new Set<string>();
  #said = 0;

  constructor(options: ActsOptions) {
    this.#options = options;
    this.#commands = new MemberCommands(options);
    this.users = [...new Set(options.clients.map(({ userId }) => userId))];
  }

  async found(index: number, size: number): Promise<void> {
    const users = Array.from({ length: size }, (_, nth) => this.users[(index + nth * 7) % this.users.length] ?? '');
    const [owner = ''] = users;
    const members = new Set(users);
    const id = await this.#commands.createGroup(owner, [...members], index % 2 === 0 ? 'shared' : 'since_join');
    this.rooms.push({ id, owner, members, isChanging: false });
  }

  async say(room = this.#oneOf(this.rooms), user = this.#oneOf([...room.members])): Promise<void> {
    const body = `message ${this.#said++} ${'ä€😀'.repeat(Math.floor(this.#options.random() * 10))}`;
    await this.#deviceOf(user).send(room.id, body);
  }

  /** A page asked for as soon as the ack is there. */
  async sayAndRead(): Promise<void> {
    const room = this.#oneOf(this.rooms);
    const user = this.#oneOf([...room.members]);
    await this.say(room, user);
    await this.#deviceOf(user).page(this.#options.url(), room.id);
  }

  /** A device that lost its memory of the ack. */
  async sayAgain(): Promise<void> {
    const beforeMs = Date.now() - this.#options.sayAgainAfterMs;
    const client = this.#oneOf(this.#options.clients);
    const old = client.acks.filter(
      ({ clientMsgId, sentTs, tookMs }) => sentTs + tookMs < beforeMs && !this.#saidAgain.has(clientMsgId),
    );
    if (old.length === 0) return;
    const { conversationId, body, clientMsgId } = this.#oneOf(old);
    this.#saidAgain.add(clientMsgId);
    await client.send(conversationId, body, clientMsgId).finally(() => this.#saidAgain.delete(clientMsgId));
  }

  async sayUninvited(): Promise<void> {
    const room = this.#oneOf(this.rooms);
    const strangers = this.users.filter((user) => !room.members.has(user));
    if (strangers.length > 0) await this.say(room, this.#oneOf(strangers));
  }

  /** Now and then of a room that is not one's own. */
  async readPage(): Promise<void> {
    const room = this.#oneOf(this.rooms);
    const user = this.#options.random() < 0.95 ? this.#oneOf([...room.members]) : this.#oneOf(this.users);
    const client = this.#deviceOf(user);
    const seen = [...(client.entries.get(room.id)?.keys() ?? [])];
    const anchor = (['before', 'after', 'around'] as const)[Math.floor(this.#options.random() * 6)];
    const range = anchor === undefined || seen.length === 0 ? {} : { [anchor]: this.#oneOf(seen) };
    await client.page(this.#options.url(), room.id, range);
  }

  async changeMembers(): Promise<void> {
    const room = this.#oneOf(this.rooms);
    if (room.isChanging) return;
    room.isChanging = true;
    const others = this.users.filter((user) => !room.members.has(user));
    const isAdding = others.length > 0 && (room.members.size < 3 || this.#options.random() < 0.5);
    await (isAdding ? this.#add(room, this.#oneOf(others)) : this.#part(room)).finally(() => {
      room.isChanging = false;
    });
  }

  /** The owner gives a name, a role, or the past to read. */
  async manage(): Promise<void> {
    const room = this.#oneOf(this.rooms);
    if (room.isChanging) return;
    room.isChanging = true;
    await this.#untilAnswered(room, this.#managing(room)).finally(() => {
      room.isChanging = false;
    });
  }

  #managing({ owner, members }: Room): MembersCommand {
    const others = [...members].filter((member) => member !== owner);
    const { random } = this.#options;
    if (random() < 0.4) return { command: 'rename', user: owner, users: [], name: `name ${this.#said}` };
    if (random() < 0.3) return { command: 'settings', user: owner, users: [], history: this.#oneOf(HISTORIES) };
    return { command: 'role', user: owner, users: [this.#oneOf(others)], role: this.#oneOf(ROLES) };
  }

  async moveOn(): Promise<void> {
    this.#oneOf(this.#options.clients).moveOn();
  }

  async #add(room: Room, user: string): Promise<void> {
    const command = { command: 'add', user: room.owner, users: [user] } as const;
    if (await this.#untilAnswered(room, command)) room.members.add(user);
  }

  /** Who goes keeps on talking meanwhile, and a little after. */
  async #part(room: Room): Promise<void> {
    const user = this.#oneOf([...room.members].filter((member) => member !== room.owner));
    const isOwnWish = this.#options.random() < 0.3;
    const command = isOwnWish
      ? ({ command: 'leave', user, users: [user] } as const)
      : ({ command: 'remove', user: room.owner, users: [user] } as const);
    const gone = this.#untilAnswered(room, command);
    const words: Promise<void>[] = [];
    for (let count = 0; count < 4; count++) {
      words.push(this.say(room, user));
      await pause(this.#options.random() * 4);
    }
    if (await gone) room.members.delete(user);
    await Promise.all([...words, this.say(room, user)]);
  }

  /** The same change twice is one. */
  async #untilAnswered({ id }: Room, command: MembersCommand): Promise<boolean> {
    for (;;) {
      const isDone = await this.#commands.change(id, command);
      if (isDone !== undefined) return isDone;
      await pause(askAgainMs);
    }
  }

  #deviceOf(user: string): RecordingClient {
    return this.#oneOf(this.#options.clients.filter(({ userId }) => userId === user));
  }

  #oneOf<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.#options.random() * values.length)];
    if (value === undefined) throw new Error('there is none to choose from');
    return value;
  }
}
