// Damage of every kind, done to a store behind its back while a worker folds and people talk: verify finds it and says what it is,
// and a refold in place mends it.
import {
  allShards,
  DEFAULT_SETTINGS,
  NO_POSITION,
  shardOf,
  type ChatEvent,
  type ClientMessageId,
  type ConversationId,
  type NewEvent,
  type Position,
  type UserId,
} from '@parley/domain';
import {
  followLog,
  loggedHash,
  projectionReader,
  refolding,
  runWork,
  storedHash,
  verify,
  type Difference,
  type FullStore,
  type Head,
  type VerifiableProjection,
  type Verified,
} from '@parley/projections';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryEventLog } from '../memory/index.ts';
import { createWorld, digest } from '../runtime/index.ts';

export interface Damage {
  readonly name: string;
  /** To the conversation, or to another one that it names. */
  plant(target: Planting): Promise<void>;
  /** What verify says of it, at least. */
  readonly finds: Partial<Difference> & Pick<Difference, 'type'>;
  /** No refold mends it. */
  readonly isLasting?: true;
}

interface Target {
  readonly conversationId: ConversationId;
  readonly shard: number;
  /** Of a message in the middle. */
  readonly message: Position;
  /** Of an event of the conversation itself. */
  readonly change: Position;
  readonly head: Position;
}

export interface Planting extends Target {
  /** Of the shard's log, now: nothing was written for a later one. */
  readonly latest: Position;
}

export interface DamagedStore<H extends Head, Row> extends AsyncDisposable {
  readonly projection: VerifiableProjection<H, Row>;
  readonly store: FullStore<H, Row>;
  readonly damages: readonly Damage[];
}

const world = createWorld();
const waitMsMax = 60_000;
const ada = 'ada' as UserId;
const messagesEach = 30;

export function describeDamage<H extends Head, Row>(
  name: string,
  open: () => Promise<DamagedStore<H, Row>>,
  names: readonly string[],
): void {
  describe(`verify and repair: ${name}`, () => {
    let rig: Rig<H, Row>;
    beforeAll(async () => {
      rig = await createRig(await open());
    }, 120_000);
    afterAll(() => rig[Symbol.asyncDispose](), 60_000);

    test('finds nothing where nothing is wrong, and hashes what is stored as it hashes the log', async () => {
      const { verified, differences } = await rig.verify();
      expect(differences).toStrictEqual([]);
      expect(verified).toMatchObject({ conversations: rig.targets.length, parked: [] });
      expect(rig.readAlone()).toBe(0); // it tells by one reading of the whole log that nothing is wrong
      for (const { conversationId } of rig.targets) expect(await rig.hashesAreEqual(conversationId)).toBe(true);
    });

    test.each(names)(
      'finds and mends: %s',
      async (kind) => {
        const damage = rig.damages.find((one) => one.name === kind);
        const target = rig.nextTarget();
        if (!damage) throw new Error(`no damage is called ${kind}`);
        await rig.settled();
        await damage.plant({ ...target, latest: await rig.head(target) });
        await rig.talk(target); // in others: a worker that knows the head of this one would write it again
        const { differences, verified } = await rig.verify();
        const found = differences.filter((one) => 'conversationId' in one);
        expect(found).toContainEqual(expect.objectContaining(damage.finds));
        await rig.repair(verified);
        await rig.talk();
        await rig.settled();
        const after = await rig.verify();
        expect(after.differences.filter((one) => !('isLasting' in one)).length === 0 || damage.isLasting).toBe(true);
        expect(after.differences.some((one) => 'isLasting' in one)).toBe(damage.isLasting === true);
        expect(damage.isLasting || (await rig.hashesAreEqual(target.conversationId))).toBe(true);
      },
      120_000,
    );

    test('says that a checkpoint is ahead of the log', async () => {
      const beyond = 1_000_000 as Position;
      await rig.stop();
      await rig.store.write(shardOf(rig.nextTarget().conversationId, 2), {
        rows: [],
        heads: [],
        parked: [],
        checkpoint: beyond,
      });
      expect((await rig.verify()).differences).toContainEqual(
        expect.objectContaining({ type: 'ahead', checkpoint: beyond }),
      );
    }, 60_000);
  });
}

interface Rig<H extends Head, Row> extends DamagedStore<H, Row> {
  readonly targets: readonly Target[];
  nextTarget(): Target;
  /** How often the log was asked for one conversation alone. */
  readAlone(): number;
  verify(): Promise<{ readonly verified: Verified; readonly differences: readonly Difference[] }>;
  repair(verified: Verified): Promise<void>;
  talk(except?: Target): Promise<void>;
  settled(): Promise<void>;
  stop(): Promise<void>;
  head(target: Target): Promise<Position>;
  hashesAreEqual(conversationId: ConversationId): Promise<boolean>;
}

async function createRig<H extends Head, Row>(opened: DamagedStore<H, Row>): Promise<Rig<H, Row>> {
  const { projection, store } = opened;
  const log = new MemoryEventLog({ shards: 2, world });
  const conversation = log.conversation.bind(log);
  let readAlone = 0;
  log.conversation = (...range) => {
    readAlone += 1;
    return conversation(...range);
  };
  const { signal } = new AbortController();
  const targets: Target[] = [];
  for (let index = 0; index < 16; index++) targets.push(await createConversation(log, `g_${index}` as ConversationId));
  const observer = {
    applied() {},
    retrying() {},
    stopped() {},
    parked() {},
    passedOver() {},
    voided() {},
    refoldFailed() {},
  };
  const reader = projectionReader(projection, store, { generation: 1, observer });
  const deps = { log, world, observer };
  const running = runWork(refolding(followLog(reader, deps), { ...deps, projection, store }), deps);
  let next = 0;
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    const deadline = world.now() + waitMsMax;
    while (!(await isSo())) {
      if (world.now() > deadline) throw new Error('it takes too long');
      await world.sleep(20);
    }
  };
  const settled = (): Promise<void> =>
    until(async () => {
      const reached = await Promise.all(
        allShards(log.shards).map(async (shard) => (await store.checkpoint(shard)) >= (await log.head(shard))),
      );
      return reached.every(Boolean);
    });
  await settled();
  return {
    ...opened,
    targets,
    settled,
    readAlone: () => readAlone,
    nextTarget() {
      const target = targets[next++ % targets.length];
      if (!target) throw new Error('there are targets');
      return target;
    },
    async verify() {
      const differences: Difference[] = [];
      const verified = await verify({
        projection,
        store,
        log,
        world,
        digest,
        signal,
        sample: 1,
        found: (difference) => void differences.push(difference),
        progress: () => undefined,
      });
      return { verified, differences };
    },
    async repair({ differing }) {
      await store.askRefolds(
        [...differing].map((conversationId) => ({ conversationId, shard: shardOf(conversationId, 2) })),
      );
      await until(async () => (await store.refoldsAsked()).length === 0);
    },
    async talk(except) {
      for (const one of targets) if (one !== except) await append(log, said(one.conversationId, one.change));
    },
    stop: async () => running[Symbol.asyncDispose](),
    head: async ({ conversationId }) => log.head(shardOf(conversationId, log.shards)),
    async hashesAreEqual(conversationId) {
      await settled();
      const shard = shardOf(conversationId, 2);
      const upTo = await log.head(shard);
      const logged = await loggedHash({ projection, digest, log }, conversationId, { upTo, signal });
      return (await storedHash({ projection, digest, store }, shard, conversationId)) === logged;
    },
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

async function createConversation(log: MemoryEventLog, conversationId: ConversationId): Promise<Target> {
  const others = ['bob', 'cem', 'dan'].map((name) => name as UserId);
  const created: ChatEvent = {
    type: 'conversation.created',
    kind: 'group',
    memberIds: [ada, ...others],
    settings: DEFAULT_SETTINGS,
  };
  const first = await append(log, newEvent(conversationId, NO_POSITION, created));
  const positions: Position[] = [];
  for (let count = 0; count < messagesEach; count++) positions.push(await append(log, said(conversationId, first)));
  const change = await append(
    log,
    newEvent(conversationId, first, { type: 'conversation.member_removed', userId: 'dan' as UserId }),
  );
  const head = await append(log, said(conversationId, change));
  return { conversationId, shard: shardOf(conversationId, 2), message: positions[10] ?? first, change, head };
}

async function append(log: MemoryEventLog, event: NewEvent): Promise<Position> {
  const answer = await log.append(event);
  if (answer.type !== 'Appended') throw new Error(answer.type);
  return answer.position;
}

const newEvent = (conversationId: ConversationId, decidedOn: Position, event: ChatEvent): NewEvent => ({
  conversationId,
  actorId: ada,
  event,
  decidedOn,
  notAfterTs: world.now() + 30_000,
  idempotencyKey: world.uuid(),
  bodyHash: 'hash',
});

const said = (conversationId: ConversationId, decidedOn: Position): NewEvent =>
  newEvent(conversationId, decidedOn, {
    type: 'message.sent',
    clientMsgId: world.uuid() as ClientMessageId,
    body: "it's a message",
    bodyType: 'text',
  });
