// What a mutation is, and the few ways in which all of them edit a history. Each looks for a place where the fault makes a
// difference; where there is none it answers undefined, and has shown nothing.
import { ConversationLog } from '../conversation-log.ts';
import type { OffenceKind } from '../facts.ts';
import type { History, HistoryEntry, Logged, Message, Said } from '../history.ts';
import { pushTo } from '../readings.ts';

export interface Mutation {
  /** What a broken system would have done. */
  readonly name: string;
  readonly caughtBy: OffenceKind;
  /** Of the sentence, where the kind alone does not tell. */
  readonly says?: RegExp;
  readonly mutate: (past: Past) => History | undefined;
}

export type LoggedMessage = Logged & { readonly said: Message };

/** A good history with what mutations ask of it. */
export class Past {
  readonly history: History;
  readonly logs: ReadonlyMap<string, ConversationLog>;
  readonly #random: () => number;
  #indices: ReadonlyMap<string, readonly number[]> | undefined;

  constructor(history: History, random: () => number) {
    this.history = history;
    this.#random = random;
    const listed = new Map<string, Logged[]>();
    for (const entry of history) if (entry.kind === 'logged') pushTo(listed, entry.conversation, entry);
    this.logs = new Map([...listed].map(([id, events]) => [id, new ConversationLog(events)]));
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  ofKind<Kind extends HistoryEntry['kind']>(kind: Kind): readonly Extract<HistoryEntry, { kind: Kind }>[] {
    return this.history.filter((entry): entry is Extract<HistoryEntry, { kind: Kind }> => entry.kind === kind);
  }

  /** Messages of the log that somebody was told are accepted. */
  get acked(): readonly LoggedMessage[] {
    const acked = new Set(this.ofKind('acked').map((entry) => `${entry.conversation} ${entry.position}`));
    return this.messages.filter(({ conversation, position }) => acked.has(`${conversation} ${position}`));
  }

  get messages(): readonly LoggedMessage[] {
    return [...this.logs.values()].flatMap(({ messages }) => messages);
  }

  /** Where in the history the message was sent, or acked. */
  indicesOf(kind: 'sent' | 'acked', { conversation, said }: LoggedMessage): readonly number[] {
    this.#indices ??= this.#index();
    return this.#indices.get(`${kind} ${conversation} ${said.clientMsgId}`) ?? [];
  }

  #index(): ReadonlyMap<string, readonly number[]> {
    const indices = new Map<string, number[]>();
    for (const [index, entry] of this.history.entries()) {
      if (entry.kind !== 'sent' && entry.kind !== 'acked') continue;
      pushTo(indices, `${entry.kind} ${entry.conversation} ${entry.clientMsgId}`, index);
    }
    return indices;
  }

  /** A position that no event has. */
  get nextPosition(): number {
    return 1 + Math.max(...this.ofKind('logged').map(({ position }) => position));
  }

  get endMs(): number {
    return this.history.at(-1)?.atMs ?? 0;
  }

  without(isGone: (entry: HistoryEntry) => boolean): History {
    return this.history.filter((entry) => !isGone(entry));
  }

  replace<Entry extends HistoryEntry>(
    old: Entry | undefined,
    change: (old: Entry) => readonly HistoryEntry[],
  ): History | undefined {
    return old && this.history.flatMap((entry) => (entry === old ? change(old) : [entry]));
  }

  /** The same with some fields of one entry changed. */
  alter<Entry extends HistoryEntry>(
    old: Entry | undefined,
    change: (old: Entry) => Partial<Entry>,
  ): History | undefined {
    return this.replace(old, (entry) => [{ ...entry, ...change(entry) }]);
  }

  with(...entries: readonly HistoryEntry[]): History {
    return [...this.history, ...entries];
  }
}

/** The place of an entry: its conversation and position. */
export const isAt =
  ({ conversation, position }: { conversation: string; position: number }) =>
  (entry: HistoryEntry): boolean =>
    'position' in entry && entry.conversation === conversation && entry.position === position;

export const isStored = ({ kind }: HistoryEntry): boolean => kind === 'logged' || kind === 'row';

export const otherBody = <Any extends Said>(said: Any): Any =>
  said.type === 'message' ? { ...said, body: `${said.body}, altered` } : said;
