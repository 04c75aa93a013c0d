// What happened, in the order in which one recorder noticed it: what clients asked and were told, which faults came and went,
// and what was read after healing. It holds no judgement; that is check-history.ts. One entry is one line of JSON in a file.

/** Everything is in the order of the list; `atMs` (any clock that never goes back) tells how long things took. */
export type HistoryEntry =
  | Connected
  | Disconnected
  | Sent
  | Acked
  | Refused
  | GivenUp
  | Received
  | ResumeAsked
  | Resumed
  | ResumeFailed
  | PageAsked
  | PageRead
  | MembersAsked
  | MembersAnswered
  | FaultBegun
  | FaultHealed
  | Logged
  | Row
  | FreshSync
  | PageWalk;

export type History = readonly HistoryEntry[];

/** A message, or a change of the conversation itself, wherever it is shown. */
export type Said = Message | ConversationChange;

export interface Message {
  readonly type: 'message';
  readonly sender: string;
  readonly clientMsgId: string;
  readonly body: string;
}

export interface ConversationChange {
  readonly type: 'created' | 'added' | 'removed' | 'left' | 'renamed' | 'settings' | 'role';
  /** Who did it. */
  readonly by: string;
  /** Of whom it tells. A `created` in the log names every member, the creator too; on the wire it names none. */
  readonly users: readonly string[];
  /** Of `added` and `role`. */
  readonly role?: Role;
  /** Of `renamed`, and of a `created` in the log that gives one. */
  readonly name?: string;
  /** Of `settings` and of a `created` in the log: may members read what was said before they joined? */
  readonly history?: 'shared' | 'since_join';
}

export type Role = 'owner' | 'admin' | 'member';

/** One event of a conversation as it was shown to somebody. */
export interface Shown {
  readonly position: number;
  /** Of the event before it, where the path tells it: frames and rows do, pages may. */
  readonly prev?: number;
  readonly said: Said;
}

interface Happened {
  readonly atMs: number;
}

/** A client is a user's device: it keeps its cursors over its connections, which count from 1; 0 is what goes over REST. */
interface ByClient extends Happened {
  readonly user: string;
  readonly device: string;
  readonly connection: number;
}

/** `hello` has come. */
export interface Connected extends ByClient {
  readonly kind: 'connected';
}

/** From here on nothing of that connection is heard: it was closed, lost, or given up. */
interface Disconnected extends ByClient {
  readonly kind: 'disconnected';
  readonly code?: number;
}

/** One for each attempt: a retry is another `sent` with the same id. */
export interface Sent extends ByClient {
  readonly kind: 'sent';
  readonly conversation: string;
  readonly clientMsgId: string;
  readonly body: string;
}

export interface Acked extends ByClient {
  readonly kind: 'acked';
  readonly conversation: string;
  readonly clientMsgId: string;
  readonly position: number;
  readonly duplicate: boolean;
}

/** `retryable`: not the last word. */
export interface Refused extends ByClient {
  readonly kind: 'refused';
  readonly conversation: string;
  readonly clientMsgId: string;
  readonly code: string;
  readonly retryable: boolean;
}

/** The client stopped trying: the message may be stored or not. */
export interface GivenUp extends ByClient {
  readonly kind: 'given-up';
  readonly conversation: string;
  readonly clientMsgId: string;
}

/** A `message` or `conversation` frame, alone or inside `history`: every one that came, also those a client drops. */
export interface Received extends ByClient, Shown {
  readonly kind: 'received';
  readonly via: 'live' | 'resume';
  /** Of the resume that brought it. */
  readonly ref?: string;
  readonly conversation: string;
}

/** `ref` is unique to the client, over all its connections. */
export interface ResumeAsked extends ByClient {
  readonly kind: 'resume-asked';
  readonly ref: string;
  readonly cursors: Readonly<Record<string, number>>;
}

export interface Resumed extends ByClient {
  readonly kind: 'resumed';
  readonly ref: string;
  readonly heads: Readonly<Record<string, number>>;
}

/** Of one conversation; the others that were asked for go on. */
export interface ResumeFailed extends ByClient {
  readonly kind: 'resume-failed';
  readonly ref?: string;
  readonly conversation: string;
  readonly reason: string;
  readonly head?: number;
}

/** At most one of the places; none of them asks for the newest page. */
export interface PageQuestion {
  readonly before?: number;
  readonly after?: number;
  readonly around?: number;
  readonly limit: number;
}

/** `ref` is unique in the history. Without an answer the page never came. */
export interface PageAsked extends ByClient, PageQuestion {
  readonly kind: 'page-asked';
  readonly ref: string;
  readonly conversation: string;
}

/** Its messages in the order of the answer. */
export interface PageRead extends ByClient, PageAnswer {
  readonly kind: 'page-read';
  readonly ref: string;
}

export interface PageAnswer {
  readonly messages: readonly Shown[];
  readonly hasMore: boolean;
  readonly stale: boolean;
}

/** A command about a group: its members, their roles, its name, its settings. */
export interface MembersAsked extends ByClient {
  readonly kind: 'members-asked';
  readonly ref: string;
  readonly command: 'create' | 'add' | 'remove' | 'leave' | 'rename' | 'settings' | 'role';
  /** Not known before it is created. */
  readonly conversation?: string;
  readonly users: readonly string[];
  readonly role?: Role;
  readonly name?: string;
  readonly history?: 'shared' | 'since_join';
}

/** `ok`: from here on it holds. */
export interface MembersAnswered extends ByClient {
  readonly kind: 'members-answered';
  readonly ref: string;
  readonly ok: boolean;
  readonly conversation?: string;
  readonly code?: string;
}

interface FaultBegun extends Happened {
  readonly kind: 'fault-begun';
  readonly name: string;
}

/** The one of that name is over. */
interface FaultHealed extends Happened {
  readonly kind: 'fault-healed';
  readonly name: string;
}

// What is read after healing, once every client is quiet.

/** An event of the log, void ones too. `storedMs` is on the clock of `atMs`, or as near as the two machines' clocks are. */
export interface Logged extends Happened {
  readonly kind: 'logged';
  readonly conversation: string;
  readonly position: number;
  readonly said: Said;
  readonly isVoid: boolean;
  readonly storedMs: number;
}

/** A timeline row as the store has it; what the store was not asked for is left out. */
export interface Row extends Happened {
  readonly kind: 'row';
  readonly conversation: string;
  readonly position: number;
  readonly prev?: number;
  readonly ordinal?: number;
  readonly said?: Said;
}

/** All that a new client of this user is given when it resumes the conversation from 0. */
interface FreshSync extends Happened {
  readonly kind: 'fresh-sync';
  readonly user: string;
  readonly conversation: string;
  readonly head: number;
  readonly shown: readonly Shown[];
}

/** The messages of all pages from the newest to the first, put in order of their positions by whoever walked. */
export interface PageWalk extends Happened {
  readonly kind: 'page-walk';
  readonly user: string;
  readonly conversation: string;
  readonly messages: readonly Shown[];
}

export const historyToLines = (history: History): string =>
  history.map((entry) => `${JSON.stringify(entry)}\n`).join('');

export function linesToHistory(lines: string): History {
  return lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as HistoryEntry]));
}
