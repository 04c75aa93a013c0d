// What an operator does with the read models of a whole fleet, while people talk and page through all of its gateways: damage is found
// and mended, conversations are refolded in place, generations are rebuilt and switched to beside another build's, and all of it is
// backed up and restored elsewhere. The commands are processes of their own.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { allShards, shardOf, type ConversationId } from '@parley/domain';
import { FleetUnderProof } from '@parley/cluster/testing';
import {
  Crowd,
  eventually,
  isAcked,
  readPages,
  RecordingClient,
  seeded,
  walkPages,
  type PageReader,
} from '@parley/proof';
import { nextBuild } from '@parley/standalone/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAMAGES, openShell, type Shell } from './cassandra-damage.ts';
import { parley, parleyJson } from './parley.ts';

const seed = Number(process.env['PARLEY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
const shards = 4;
const settings = { PARLEY_PROJECTIONS: 'messages_per_day' };
const readModels = ['timeline', 'conversations', 'messages_per_day'] as const;
const waitMsMax = 120_000;

interface Report {
  readonly conversations: number;
  readonly differences: readonly { readonly type: string; readonly conversationId: string }[];
  readonly parked: readonly unknown[];
  readonly afterRepair?: Report;
}

interface Rebuilt {
  readonly generation: number;
  readonly serving: number;
}

/** Nobody but ann talks there, and only where it is said here. */
interface Room {
  readonly id: string;
  readonly said: { readonly position: number; readonly body: string }[];
}

let fleet: FleetUnderProof;
/** Where ann goes. */
let annsFleet: FleetUnderProof;
let environment: Readonly<Record<string, string>>;
let shell: Shell;
let crowd: Crowd;
let reader: PageReader;
let ann: RecordingClient;
let rooms: readonly Room[];

beforeAll(async () => {
  console.log(`seed ${seed} (PARLEY_TEST_SEED=${seed} repeats it)`);
  fleet = await FleetUnderProof.start({ shards, cassandraNodes: 1, gateways: 2, settings });
  annsFleet = fleet;
  environment = fleet.operatorEnvironment;
  shell = await openShell(environment);
  ann = new RecordingClient({ url: () => annsFleet.socketUrl, userId: 'ann', token: (id) => annsFleet.token(id) });
  ann.start();
  await eventually('ann is connected', () => ann.isReady, waitMsMax);
  rooms = await Promise.all(['one', 'two', 'three', 'four', 'five'].map(openRoom));
  await Promise.all(rooms.map((room) => say(room, 8)));
  const load = { clients: 20, conversations: 40, membersEach: 3, sendsPerSecond: 30 };
  crowd = await Crowd.gather({ system: fleet, ...load, seed, pingMs: 2_000 });
  crowd.talk();
  reader = readPages(crowd, fleet, seeded(seed));
  await eventually('there is something to fold', () => crowd.acked > 300, waitMsMax);
}, 300_000);

afterAll(async () => {
  ann.stop();
  await reader.stop();
  crowd.leave();
  await shell[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
}, 120_000);

async function openRoom(name: string): Promise<Room> {
  const body = { type: 'group', name, members: ['bob'] };
  const call = { token: await fleet.token('ann'), body };
  return {
    id: (await fleet.call<{ conversation_id: string }>('POST', '/v1/conversations', call)).conversation_id,
    said: [],
  };
}

async function say(room: Room, count: number): Promise<void> {
  for (let nth = 0; nth < count; nth++) {
    const outcome = await ann.send(room.id, `message ${room.said.length}`);
    if (!isAcked(outcome)) throw new Error(outcome.code);
    room.said.push({ position: outcome.position, body: outcome.body });
  }
}

async function bodiesOf({ id }: Room, base = annsFleet.base): Promise<readonly string[]> {
  const pages = await walkPages(base, id, await annsFleet.token('ann'));
  return pages.map(({ said }) => (said.type === 'message' ? said.body : said.type));
}

const bodiesSaid = (room: Room): readonly string[] => room.said.map(({ body }) => body);

describe.each(readModels)('damage behind the back of those who fold %s', (projection) => {
  test('is found, and mended in place while people talk', async () => {
    const verified = () => parley(environment, 'verify', projection, '--json');
    await eventually('what ann said is applied', async () => {
      const { stdout } = await parley(environment, 'hash', rooms.at(-1)?.id ?? '', '--json');
      const hashes = JSON.parse(stdout) as readonly { projection: string; stored: string; logged: string }[];
      return hashes.some((one) => one.projection === projection && one.stored === one.logged);
    });
    expect(await verified()).toMatchObject({ code: 0 });
    const planted = new Map<string, string>();
    for (const [index, damage] of (DAMAGES[projection] ?? []).entries()) {
      planted.set(await damage.plant(shell, await targetOf(projection, rooms[index])), damage.finds);
    }
    const found = await verified();
    expect(found.code).toBe(1);
    const { differences } = JSON.parse(found.stdout) as Report;
    expect(new Set(differences.map(({ conversationId }) => conversationId))).toEqual(new Set(planted.keys()));
    for (const [conversationId, type] of planted) {
      expect(differences).toContainEqual(expect.objectContaining({ conversationId, type }));
    }
    const repaired = await parley(environment, 'verify', projection, '--repair', '--json');
    expect(JSON.parse(repaired.stdout)).toMatchObject({ afterRepair: { differences: [], parked: [] } });
    expect(repaired.code).toBe(0);
    expect(await verified()).toMatchObject({ code: 0 });
    for (const room of rooms) expect(await bodiesOf(room)).toEqual(bodiesSaid(room));
  });
});

async function targetOf(projection: string, room: Room | undefined) {
  const { id = '', said = [] } = room ?? {};
  const shard = shardOf(id as ConversationId, shards);
  const [row] = await shell.run(`SELECT position FROM ${projection}_checkpoints_e1_g1 WHERE shard = ${shard}`);
  return { conversationId: id, message: said[3]?.position ?? 0, latest: Number(row?.['position']) };
}

describe('refolds in place under load', () => {
  /** Each raises the timestamps of a conversation once more. */
  const refolds = async (): Promise<readonly string[]> => {
    const rows = await shell.run('SELECT conversation_id FROM timeline_raised_e1_g1');
    return rows.map((row) => String(row['conversation_id']));
  };
  const refolded = async (...flags: readonly string[]): Promise<ReadonlySet<string>> => {
    const before = new Map([...Map.groupBy(await refolds(), (id) => id)].map(([id, times]) => [id, times.length]));
    const answer = await parleyJson<{ refolded: number; parked: unknown }>(
      environment,
      'rebuild',
      'timeline',
      ...flags,
    );
    const after = Map.groupBy(await refolds(), (id) => id);
    const again = [...after].filter(([id, times]) => times.length > (before.get(id) ?? 0)).map(([id]) => id);
    expect(answer).toEqual({ projection: 'timeline', refolded: again.length, parked: [] });
    return new Set(again);
  };

  test('one conversation', async () => {
    const [id = ''] = [...crowd.membersOf.keys()];
    expect(await refolded('--conversation', id)).toEqual(new Set([id]));
  });

  test('those of a shard from a position on', async () => {
    const [last] = rooms.flatMap(({ id, said }) => ({ id, from: said.at(-1)?.position ?? 0 }));
    const shard = shardOf((last?.id ?? '') as ConversationId, shards);
    const ids = await refolded('--from', `${shard}:${last?.from}`);
    expect([...ids].filter((id) => shardOf(id as ConversationId, shards) !== shard)).toEqual([]);
    expect(ids).toContain(last?.id);
  });

  test('all since a time', async () => {
    const since = new Date();
    await say(rooms[0] ?? { id: '', said: [] }, 1);
    const before = crowd.acks.length;
    await eventually('others talk', () => crowd.acked > before + 30, waitMsMax);
    const talkedSince = crowd.acks
      .filter(({ sentTs }) => sentTs > since.getTime())
      .map(({ conversationId }) => conversationId);
    const ids = await refolded('--since', since.toISOString());
    for (const id of [rooms[0]?.id, ...talkedSince]) expect(ids).toContain(id);
    for (const { id } of rooms.slice(1)) expect(ids).not.toContain(id);
  });
});

test('two builds read a generation each, and all read models are rebuilt, while a projector dies', async () => {
  const rebuild = (projection: string) => parleyJson<Rebuilt>(environment, 'rebuild', projection);
  const { unavailable } = reader.readings;
  const nextProjector = await fleet.join('projector', nextBuild('next-timeline.ts'));
  const nextGateway = await fleet.join('gateway', nextBuild('next-timeline.ts'));
  const bothShowTheirs = async (): Promise<void> => {
    await Promise.all(rooms.map((room) => say(room, 2)));
    for (const room of rooms) {
      expect(await bodiesOf(room)).toEqual(bodiesSaid(room));
      expect(await bodiesOf(room, nextGateway.plan.address)).toEqual(shouted(room));
      await eventually('the next build has stored its own', async () => isSame(await storedIn(2, room), shouted(room)));
    }
  };
  await bothShowTheirs();

  const timeline = rebuild('timeline');
  fleet.members('projector')[0]?.signal('SIGKILL');
  expect(await timeline).toMatchObject({ generation: 3, serving: 3 });
  for (const projection of ['conversations', 'messages_per_day']) {
    expect(await rebuild(projection)).toMatchObject({ generation: 2, serving: 2 });
  }
  await bothShowTheirs();
  for (const projection of readModels) await parleyJson(environment, 'drop-generation', projection, '1');
  expect(await parley(environment, 'switch', 'timeline', '1')).toMatchObject({ code: 2 });

  // Whichever serves, each build goes on with its own.
  await parleyJson(environment, 'switch', 'timeline', '2');
  await pause(2_000); // all have heard of it
  await bothShowTheirs();
  await parleyJson(environment, 'switch', 'timeline', '3');
  await Promise.all([nextGateway.stop(), nextProjector.stop()]);
  await parleyJson(environment, 'drop-generation', 'timeline', '2');
  const tables = await shell.run("SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'parley'");
  const left = tables.map((row) =>
    /^([a-z_]+)_checkpoints_(e\d+_g\d+)$/.exec(String(row['table_name']))?.slice(1).join(' '),
  );
  expect(left.filter((one) => one !== undefined).toSorted()).toEqual([
    'conversations e1_g2',
    'messages_per_day e1_g2',
    'timeline e1_g3',
  ]);
  for (const room of rooms)
    await eventually('it is stored', async () => isSame(await storedIn(3, room), bodiesSaid(room)));
  expect(reader.readings.unavailable).toBe(unavailable);
}, 600_000);

const shouted = (room: Room): readonly string[] => bodiesSaid(room).map((body) => body.toUpperCase());

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

async function storedIn(generation: number, { id }: Room): Promise<readonly string[]> {
  const where = `WHERE conversation_id = '${id}' AND bucket = 0 ORDER BY position ASC`;
  const rows = await shell.run(`SELECT event FROM timeline_events_e1_g${generation} ${where}`);
  return rows.flatMap((row) => (JSON.parse(String(row['event'])) as { body?: string }).body ?? []);
}

describe('a backup taken under load', () => {
  let directory: string;
  let ackedBefore: readonly { readonly conversationId: string; readonly position: number }[];

  beforeAll(() => {
    directory = path.join(tmpdir(), `parley-backup-${process.pid}`);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('stops nobody, and of all that was done here nobody saw anything', async () => {
    ackedBefore = crowd.acks;
    expect(await parleyJson(environment, 'backup', directory)).toMatchObject({ shards, logEpoch: 1 });
    await crowd.fallSilent();
    await reader.stop();
    fleet.generation = 3;
    const findings = await crowd.judge();
    const { pages, unavailable, offences } = reader.readings;
    console.log(`${findings.acked} acked, ${pages} pages read meanwhile, ${unavailable} not to be had`);
    expect(offences).toEqual([]);
    expect(findings.offences).toEqual([]);
    expect(findings.acked).toBe(crowd.sent);
  });

  test('makes an empty fleet one that says the same, and who knew more begins anew', async () => {
    const backedUp = rooms.map((room) => ({ ...room, said: [...room.said] }));
    const hashes = await hashesIn(environment);
    await Promise.all(rooms.map((room) => say(room, 2)));
    const [log, known] = [await fleet.readLog(), new Map(ann.cursors)];
    await using restored = await FleetUnderProof.start({
      shards,
      cassandraNodes: 1,
      gateways: 1,
      workers: 1,
      beside: fleet,
      settings: { ...settings, PARLEY_CASSANDRA_KEYSPACE: 'parley_restored' },
      deploy: async (operator) => {
        expect(await parleyJson(operator, 'restore', directory)).toMatchObject({ shards, before: 1, logEpoch: 2 });
      },
    });
    const there = restored.operatorEnvironment;
    const restoredLog = await restored.readLog();
    for (const shard of allShards(shards)) {
      const [before, after] = [log, restoredLog].map((each) =>
        each.filter(({ conversationId: id }) => shardOf(id as ConversationId, shards) === shard),
      );
      expect(after).toEqual(before?.slice(0, after?.length));
    }
    const kept = new Set(restoredLog.map(({ conversationId, position }) => `${conversationId} ${position}`));
    expect(ackedBefore.filter(({ conversationId, position }) => !kept.has(`${conversationId} ${position}`))).toEqual(
      [],
    );

    await eventually('all is folded again', async () => isSame(await hashesIn(there), hashes), waitMsMax);
    for (const projection of readModels) {
      const report = await parleyJson<Report & { events: number }>(there, 'verify', projection);
      expect(report).toMatchObject({ events: restoredLog.length, differences: [], parked: [] });
    }
    expect(await parley(there, 'doctor')).toMatchObject({ code: 0 });

    annsFleet = restored;
    ann.moveOn();
    await eventually('ann begins anew', () => ann.isReady && ann.logEpoch === 2, waitMsMax);
    expect(ann.former.map(({ logEpoch, cursors }) => [logEpoch, new Map(cursors)])).toEqual([[1, known]]);
    for (const room of backedUp) {
      expect(await bodiesOf(room)).toEqual(bodiesSaid(room));
      await say(room, 1);
      expect(await bodiesOf(room)).toEqual(bodiesSaid(room));
    }
    expect(ann.offences).toEqual([]);
  }, 300_000);
});

/** Of what is stored of the rooms. */
async function hashesIn(system: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const answers = await Promise.all(rooms.slice(0, 3).map(({ id }) => parley(system, 'hash', id, '--json')));
  return answers.map(({ stdout }) => stdout);
}
