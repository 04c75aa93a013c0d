// Read models in SQLite files, one a generation of a projection, all of them in one worker thread so that the main event
// loop never waits for a disk. Nothing here is the truth: a file that is of no use is deleted and folded again.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { conversations, timeline, type ReadModelStores } from '@parley/projections';
import { CONVERSATION_FORM, createConversationStore } from './conversation-store.ts';
import type { File } from './file.ts';
import { createFlatStore, flatForm } from './flat-store.ts';
import type { DatabaseFile } from './requests.ts';
import { createTimelineStore, TIMELINE_FORM } from './timeline-store.ts';
import { WorkerClient, type WorkerClientOptions } from './worker-client.ts';
import { createWriteGroups, type WriteGroups } from './write-groups.ts';

export interface SqliteOptions extends WorkerClientOptions {
  /** Made when it is missing. */
  readonly directory: string;
  /** Files of another epoch go, but for a guest. */
  readonly logEpoch: number;
  /** Beside the process whose files these are: nothing is thrown away. */
  readonly isGuest?: boolean;
}

export interface SqliteStores extends ReadModelStores, AsyncDisposable {
  close(projection: string, generation: number): Promise<void>;
}

type StoredForm = Pick<DatabaseFile, 'schema' | 'indexes'>;

interface Stored {
  readonly name: string;
  readonly version: number;
}

export async function openSqlite({
  directory,
  logEpoch,
  isGuest = false,
  ...options
}: SqliteOptions): Promise<SqliteStores> {
  await mkdir(directory, { recursive: true });
  await using opening = new AsyncDisposableStack();
  const worker = opening.use(new WorkerClient(options));
  if (!isGuest) await worker.ask({ type: 'sweep', directory, logEpoch });
  opening.move();
  const groupsByPath = new Map<string, WriteGroups>();

  const pathOf = (projection: string, generation: number): string =>
    join(directory, `${projection}-g${generation}.sqlite`);

  async function open({ name, version }: Stored, tables: StoredForm, generation: number): Promise<File> {
    const path = pathOf(name, generation);
    const identity = { projection: name, version, generation, logEpoch };
    await worker.ask({ type: 'open', file: { path, ...tables, identity, isGuest } });
    const groups =
      groupsByPath.get(path) ?? createWriteGroups((steps) => worker.ask({ type: 'write', path, steps }), options.world);
    groupsByPath.set(path, groups);
    const ask: File['ask'] = (request) => {
      groups.flush();
      return worker.ask(request);
    };
    const change: File['change'] = async (steps) => {
      groups.flush();
      await worker.ask({ type: 'write', path, steps });
    };
    return { path, ask, write: groups.write, change };
  }

  return {
    timeline: async (generation) => createTimelineStore(await open(timeline, TIMELINE_FORM, generation)),
    conversations: async (generation) =>
      createConversationStore(await open(conversations, CONVERSATION_FORM, generation)),
    flat: async (projection, generation) =>
      createFlatStore(await open(projection, flatForm(projection.table), generation), projection),
    async close(projection, generation) {
      const path = pathOf(projection, generation);
      await groupsByPath.get(path)?.settled();
      groupsByPath.delete(path);
      await worker.ask({ type: 'release', path });
    },
    async [Symbol.asyncDispose]() {
      const settling = [...groupsByPath.values()].map((groups) => groups.settled());
      await Promise.all([...settling, worker[Symbol.asyncDispose]()]);
    },
  };
}
