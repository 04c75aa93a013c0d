// After healing, once everybody is quiet: puts into the history what the system now holds, read on every path.
import { eventually } from '../eventually.ts';
import { walkPages, type LogEntry } from '../independent-reader.ts';
import { RecordingClient } from '../recording-client.ts';
import type { StoredRow } from '../rows.ts';
import type { Received, Shown } from './history.ts';
import { HistoryRecorder } from './recorder.ts';

interface SystemToReadBack {
  readonly base: string;
  readonly socketUrl: string;
  token(userId: string): Promise<string>;
  readLog(): Promise<readonly LogEntry[]>;
  /** Positions of each conversation's stored rows. */
  readRows(): Promise<ReadonlyMap<string, readonly number[]>>;
  /** The rows with what they say, where the store can be read so; `readRows` then is not asked. */
  readStoredRows?(): Promise<readonly StoredRow[]>;
}

export interface ReadBack {
  readonly recorder: HistoryRecorder;
  readonly system: SystemToReadBack;
  /** Present members of each conversation. */
  readonly membersOf: ReadonlyMap<string, readonly string[]>;
}

export async function readBack(options: ReadBack): Promise<void> {
  const { recorder, system, membersOf } = options;
  await syncAfresh(options);
  for (const [conversation, members] of membersOf) {
    for (const user of members) {
      const messages = await walkPages(system.base, conversation, await system.token(user));
      recorder.record({ kind: 'page-walk', user, conversation, messages });
    }
  }
  for (const row of await rowsOf(system)) recorder.record({ kind: 'row', ...row });
  for (const { conversationId: conversation, position, said, isVoid, storedMs } of await system.readLog()) {
    recorder.record({ kind: 'logged', conversation, position, said, isVoid, storedMs });
  }
}

async function rowsOf(system: SystemToReadBack): Promise<readonly Pick<StoredRow, 'conversation' | 'position'>[]> {
  if (system.readStoredRows) return system.readStoredRows();
  const positionsOf = await system.readRows();
  return [...positionsOf].flatMap(([conversation, positions]) =>
    positions.map((position) => ({ conversation, position })),
  );
}

/** A new device of each member resumes all it may see. What it hears goes into a history of its own, which only this reads. */
async function syncAfresh({ recorder, system, membersOf }: ReadBack): Promise<void> {
  const conversationsOf = new Map<string, string[]>();
  for (const [conversation, members] of membersOf) {
    for (const user of members) conversationsOf.set(user, [...(conversationsOf.get(user) ?? []), conversation]);
  }
  for (const [user, conversations] of conversationsOf) {
    const heard = new HistoryRecorder();
    const url = (): string => system.socketUrl;
    const client = new RecordingClient({ url, userId: user, token: (id) => system.token(id), history: heard });
    client.start();
    const hasAll = (): boolean => client.isQuiet && conversations.every((id) => (client.cursors.get(id) ?? 0) > 0);
    await eventually(`a fresh sync of ${user}'s`, hasAll, 60_000);
    client.stop();
    for (const conversation of conversations) {
      const head = client.cursors.get(conversation) ?? 0;
      recorder.record({ kind: 'fresh-sync', user, conversation, head, shown: shownBy(heard, conversation) });
    }
  }
}

function shownBy(heard: HistoryRecorder, conversation: string): readonly Shown[] {
  const frames = heard.history.filter(
    (entry): entry is Received => entry.kind === 'received' && entry.conversation === conversation,
  );
  return frames
    .map(({ position, prev, said }) => ({ position, said, ...(prev === undefined ? {} : { prev }) }))
    .toSorted((a, b) => a.position - b.position);
}
