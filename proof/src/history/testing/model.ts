// A toy of the whole system that keeps every promise, to give the checker good histories: a log, connections that lose frames
// and break, members who come and go, retries and given-up sends. It shares nothing with the real system but the wire's rules.
import { seeded } from '../../eventually.ts';
import type { ConversationChange, History, MembersAsked, Message, Role, Said } from '../history.ts';
import { pushTo } from '../readings.ts';
import { HistoryRecorder } from '../recorder.ts';
import { keyOf } from '../conversation-log.ts';
import { ModelClient } from './model-client.ts';

export interface ModelOptions {
  readonly seed: number;
  readonly steps: number;
}

export interface ModelEvent {
  readonly conversation: string;
  readonly position: number;
  readonly prev: number;
  readonly storedMs: number;
  readonly said: Said;
  readonly isVoid: boolean;
}

const users = ['ann', 'bob', 'cat', 'dan', 'eve'];
const rooms = { hall: 'shared', den: 'since_join', yard: 'shared' } as const;
const owner = 'ann';
const answerMsMax = 8;
/** Longer than the tests' limit for `late`. */
const quietMs = 6_000;

export class Model {
  readonly recorder: HistoryRecorder;
  readonly random: () => number;
  nowMs = 1_000_000;
  readonly #log: ModelEvent[] = [];
  readonly #accepted = new Map<string, ModelEvent[]>();
  readonly #members = new Map<string, Set<string>>();
  readonly #byKey = new Map<string, ModelEvent>();
  readonly #shared = new Set<string>();
  readonly #roles = new Map<string, Role>();
  readonly #clients: readonly ModelClient[];
  #standing: string | undefined;
  #lastPosition = 0;

  constructor({ seed }: Pick<ModelOptions, 'seed'>) {
    this.random = seeded(seed);
    this.recorder = new HistoryRecorder(() => this.nowMs);
    const phones = users.map((user) => new ModelClient(this, user, 'phone'));
    this.#clients = [...phones, new ModelClient(this, 'ann', 'laptop')];
  }

  /** What happens when everything is as it should be. */
  run(steps: number): History {
    for (const [conversation, history] of Object.entries(rooms)) this.#found(conversation, history);
    for (const client of this.#clients) client.connect();
    for (let step = 0; step < steps; step++) this.#step();
    this.#close('den');
    this.#welcome('eve', 'den');
    this.#heal();
    for (const client of this.#clients) client.comeBack();
    this.#settle();
    for (const client of this.#clients) for (const room of this.roomsOf(client.user)) client.page(room, {});
    this.#settle();
    this.nowMs += quietMs;
    this.#readAll();
    return this.recorder.history;
  }

  #step(): void {
    this.nowMs += Math.floor(this.random() * answerMsMax);
    const chance = this.random();
    const client = this.pick(this.#clients);
    const room = this.pick(Object.keys(rooms));
    if (chance < 0.3) client.say(room);
    else if (chance < 0.31) this.#changeMembers(room);
    else if (chance < 0.317) this.#manage(room);
    else if (chance < 0.33) client.page(room, this.#pageQuestion());
    else if (chance < 0.34) client.sayAgain();
    else if (chance < 0.345) client.disconnect();
    else if (chance < 0.36) client.comeBack();
    else if (chance < 0.361) this.#faultOrHealing();
    else if (chance < 0.6) client.serve();
    else client.hear();
  }

  #pageQuestion(): { before?: number; after?: number } {
    const somewhere = Math.floor(this.random() * this.#lastPosition) + 1;
    const chance = this.random();
    if (chance < 0.4) return {};
    return chance < 0.7 ? { before: somewhere } : { after: somewhere };
  }

  #settle(): void {
    while (this.#clients.some((client) => client.serve() || client.hear())) this.nowMs++;
  }

  #faultOrHealing(): void {
    if (this.#standing) return this.#heal();
    this.#standing = `fault ${this.nowMs}`;
    this.recorder.record({ kind: 'fault-begun', name: this.#standing });
  }

  #heal(): void {
    if (this.#standing) this.recorder.record({ kind: 'fault-healed', name: this.#standing });
    this.#standing = undefined;
  }

  #found(conversation: string, history: 'shared' | 'since_join'): void {
    const members = conversation === 'yard' ? users.slice(0, 3) : users.slice(0, 4);
    this.#command('create', { conversation, change: { type: 'created', by: owner, users: members, history } });
  }

  /** Ann is the owner everywhere; the others come and go. */
  #changeMembers(conversation: string): void {
    const user = this.pick(users.slice(1));
    if (!this.isMember(user, conversation)) this.#welcome(user, conversation);
    else this.#command('remove', { conversation, change: { type: 'removed', by: owner, users: [user] } });
  }

  #welcome(user: string, conversation: string): void {
    if (this.isMember(user, conversation)) return;
    this.#command('add', { conversation, change: { type: 'added', by: owner, users: [user], role: 'member' } });
  }

  #close(conversation: string): void {
    if (!this.#shared.has(conversation)) return;
    this.#command('settings', {
      conversation,
      change: { type: 'settings', by: owner, users: [], history: 'since_join' },
    });
  }

  #manage(conversation: string): void {
    const change = (): ConversationChange => {
      const chance = this.random();
      const history = this.#shared.has(conversation) ? 'since_join' : 'shared';
      if (chance < 0.3) return { type: 'settings', by: owner, users: [], history };
      if (chance < 0.6) return { type: 'renamed', by: owner, users: [], name: `name ${this.#lastPosition}` };
      const user = this.pick(users.slice(1));
      const role = this.#roles.get(`${conversation} ${user}`) === 'admin' ? 'member' : 'admin';
      return { type: 'role', by: owner, users: [user], role };
    };
    const made = change();
    if (!made.users.every((user) => this.isMember(user, conversation))) return;
    const commands = { settings: 'settings', renamed: 'rename', role: 'role' } as const;
    if (made.type in commands)
      this.#command(commands[made.type as keyof typeof commands], { conversation, change: made });
  }

  #command(command: MembersAsked['command'], what: { conversation: string; change: ConversationChange }): void {
    const { conversation, change } = what;
    const by = { user: owner, device: 'phone', connection: 0, ref: this.recorder.newRef() };
    const { users: about, by: _by, type: _type, ...asked } = change;
    this.recorder.record({ ...by, kind: 'members-asked', command, conversation, users: about, ...asked });
    this.nowMs += 1;
    this.append(conversation, change);
    this.nowMs += 1;
    this.recorder.record({ ...by, kind: 'members-answered', ok: true, conversation });
  }

  /** Stores, and shows it to who is a member there; some live frames are lost, and noticed. Rarely a void one is stored first. */
  append(conversation: string, said: Said): ModelEvent {
    if (said.type === 'message' && this.random() < 0.005) this.#store(conversation, said, true);
    const audience = new Set(this.membersOf(conversation));
    const event = this.#store(conversation, said, false);
    this.#fold(event);
    for (const user of this.membersOf(conversation)) audience.add(user);
    for (const client of this.#clients) {
      if (!audience.has(client.user)) continue;
      client.post(this.random() < 0.03 ? { kind: 'resync', conversation } : { kind: 'live', event });
    }
    return event;
  }

  #store(conversation: string, said: Said, isVoid: boolean): ModelEvent {
    const prev = this.eventsOf(conversation).at(-1)?.position ?? 0;
    const position = ++this.#lastPosition;
    const event = { conversation, position, prev, said, isVoid, storedMs: this.nowMs };
    this.#log.push(event);
    return event;
  }

  #fold(event: ModelEvent): void {
    const { conversation, said } = event;
    pushTo(this.#accepted, conversation, event);
    if (said.type === 'message') {
      this.#byKey.set(`${conversation} ${keyOf(said)}`, event);
      return;
    }
    const members = new Set(this.membersOf(conversation));
    for (const user of said.users) {
      this.#roles.set(`${conversation} ${user}`, said.role ?? 'member');
      if (isJoining(said)) members.add(user);
      else if (said.type !== 'role') members.delete(user);
    }
    this.#members.set(conversation, members);
    if (said.history === 'shared') this.#shared.add(conversation);
    else if (said.history === 'since_join') this.#shared.delete(conversation);
  }

  eventsOf(conversation: string): readonly ModelEvent[] {
    return this.#accepted.get(conversation) ?? [];
  }

  find(conversation: string, message: Message): ModelEvent | undefined {
    return this.#byKey.get(`${conversation} ${keyOf(message)}`);
  }

  /** What the user may read now; nothing for who is not a member. */
  readableBy(user: string, conversation: string): readonly ModelEvent[] {
    if (!this.isMember(user, conversation)) return [];
    let isInside = false;
    return this.eventsOf(conversation).filter(({ said }) => {
      const wasInside = isInside;
      if (said.type !== 'message' && said.type !== 'role' && said.users.includes(user)) isInside = isJoining(said);
      return isInside || wasInside || this.#shared.has(conversation);
    });
  }

  membersOf(conversation: string): ReadonlySet<string> {
    return this.#members.get(conversation) ?? new Set();
  }

  roomsOf(user: string): readonly string[] {
    return Object.keys(rooms).filter((room) => this.isMember(user, room));
  }

  isMember(user: string, conversation: string): boolean {
    return this.membersOf(conversation).has(user);
  }

  pick<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.random() * list.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  }

  #readAll(): void {
    for (const conversation of Object.keys(rooms)) {
      let ordinal = 0;
      for (const { position, prev, said } of this.eventsOf(conversation)) {
        if (said.type === 'message') ordinal++;
        this.recorder.record({ kind: 'row', conversation, position, prev, ordinal, said });
      }
      for (const user of this.membersOf(conversation)) this.#readAs(user, conversation);
    }
    for (const { conversation, position, said, isVoid, storedMs } of this.#log)
      this.recorder.record({ kind: 'logged', conversation, position, said, isVoid, storedMs });
  }

  #readAs(user: string, conversation: string): void {
    const shown = this.readableBy(user, conversation).map(({ position, prev, said }) => ({ position, prev, said }));
    const messages = shown.filter(({ said }) => said.type === 'message');
    const head = this.eventsOf(conversation).at(-1)?.position ?? 0;
    this.recorder.record({ kind: 'fresh-sync', user, conversation, head, shown });
    this.recorder.record({ kind: 'page-walk', user, conversation, messages });
  }
}

export const goodHistory = ({ seed, steps }: ModelOptions): History => new Model({ seed }).run(steps);

const isJoining = ({ type }: ConversationChange): boolean => type === 'created' || type === 'added';
