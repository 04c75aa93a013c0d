// After a replay: everything anybody was shown against the log, the log against the script, and the pages and the rows against
// the log. The log is read from its streams, the rows from their file, by the independent reader.
import { eventually, walkPages, type LogEntry } from '@parley/proof';
import type { StandaloneProcess } from '@parley/standalone/testing';
import {
  compareLists,
  compareView,
  isPresent,
  tellMessage,
  toLoggedRoom,
  visibleTo,
  type Comparison,
  type LoggedRoom,
} from './compare.ts';
import { operatorId } from './nicks.ts';
import type { PlayedRoom, Replay } from './replay.ts';

const rowsMsMax = 60_000;

export interface RoomFindings {
  readonly name: string;
  readonly members: number;
  readonly messages: number;
  readonly replies: number;
  readonly comings: number;
  readonly partings: number;
  readonly cuts: number;
  readonly views: Comparison;
  /** The log against the script, then pages and rows against the log. */
  readonly script: Comparison;
  readonly pages: Comparison;
  readonly rows: Comparison;
}

export interface Findings {
  readonly rooms: readonly RoomFindings[];
  /** What the clients themselves found wrong. */
  readonly offences: readonly string[];
}

export async function judge(server: StandaloneProcess, replay: Replay, random: () => number): Promise<Findings> {
  const log = (await server.readLog()).filter(({ isVoid }) => !isVoid);
  const byRoom = Map.groupBy(log, ({ conversationId }) => conversationId);
  const rows = await storedRows(server, log.length);
  const rooms: RoomFindings[] = [];
  for (const room of replay.rooms) {
    const logged = toLoggedRoom(room.script.room, byRoom.get(room.conversationId) ?? []);
    const stored = (rows.get(room.conversationId) ?? []).map(String);
    rooms.push({
      ...countsOf(logged, replay),
      views: compareViews(logged, room, replay),
      script: compareScript(logged, room, replay),
      pages: await comparePages({ server, logged, room, replay, random }),
      rows: compareLists(
        `rows of ${logged.name}`,
        stored,
        logged.events.map(({ position }) => String(position)),
      ),
    });
  }
  return { rooms, offences: [...replay.clients.values()].flatMap(({ offences }) => offences) };
}

/** The projector may have a little left to do. One that never does it is found by the comparison. */
async function storedRows(server: StandaloneProcess, events: number): Promise<ReadonlyMap<string, readonly number[]>> {
  const stored = async (): Promise<boolean> =>
    [...(await server.readRows()).values()].reduce((sum, { length }) => sum + length, 0) >= events;
  await Promise.allSettled([eventually('every event has its row', stored, rowsMsMax)]);
  return server.readRows();
}

function countsOf({ name, events, memberships }: LoggedRoom, replay: Replay) {
  const users = [...memberships.keys()].filter((userId) => userId !== operatorId);
  const count = (isCounted: (entry: LogEntry) => boolean): number => events.filter(isCounted).length;
  return {
    name,
    members: users.length,
    messages: count(({ kind }) => kind === 'msg'),
    replies: count(({ replyTo }) => replyTo !== undefined),
    comings: count(({ said }) => said.type === 'added'),
    partings: count(({ said }) => said.type === 'left'),
    cuts: users.reduce((sum, userId) => sum + replay.cutsOf(userId), 0),
  };
}

/** Of everybody, also of those who never came: they saw nothing. */
function compareViews(logged: LoggedRoom, { conversationId }: PlayedRoom, { clients }: Replay): Comparison {
  const views = [...clients].map(([userId, { entries }]) =>
    compareView(logged, userId, entries.get(conversationId) ?? new Map()),
  );
  return {
    compared: views.reduce((sum, { compared }) => sum + compared, 0),
    differences: views.flatMap(({ differences }) => differences),
  };
}

function compareScript({ name, events }: LoggedRoom, { script, positions }: PlayedRoom, { nicks }: Replay): Comparison {
  const said = events.filter(({ kind }) => kind === 'msg');
  const scripted = script.steps.flatMap((step) => {
    if (step.type !== 'say') return [];
    const replyTo = step.replyTo === undefined ? undefined : positions.get(step.replyTo);
    const told = tellMessage({ senderId: nicks.userId(step.nick), body: step.text, replyTo });
    return [`${positions.get(step.n) ?? 'nowhere'} ${told}`];
  });
  const logged = said.map(
    ({ position, actorId, body = '', replyTo }) => `${position} ${tellMessage({ senderId: actorId, body, replyTo })}`,
  );
  return compareLists(`script of ${name}`, scripted, logged);
}

interface PagesOf {
  readonly server: StandaloneProcess;
  readonly logged: LoggedRoom;
  readonly room: PlayedRoom;
  readonly replay: Replay;
  readonly random: () => number;
}

/** As walked by one member, whom chance chooses. */
async function comparePages({ server, logged, room, replay, random }: PagesOf): Promise<Comparison> {
  const present = [...logged.memberships.keys()].filter((userId) => isPresent(logged, userId));
  const reader = present[Math.floor(random() * present.length)] ?? operatorId;
  const pages = await walkPages(server.base, room.conversationId, await replay.token(reader));
  const visible = visibleTo(logged, reader).filter(({ kind }) => kind === 'msg');
  return compareLists(
    `pages of ${logged.name}, walked by ${reader}`,
    pages.map(({ position, clientMsgId }) => `${position} ${clientMsgId}`),
    visible.map(({ position, clientMsgId }) => `${position} ${clientMsgId}`),
  );
}
