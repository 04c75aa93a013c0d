// Lists by recent heads against the log, while events are stored and folded between any two questions that a list asks.
import { isDeepStrictEqual } from 'node:util';
import {
  conversation,
  isConversationEvent,
  isMember,
  type ChatEvent,
  type ConversationId,
  type Position,
  type Shard,
  type StoredEvent,
} from '@parley/domain';
import { added, alice, bob, created, createTestLog, createTestWorld, removed, said } from '@parley/domain/testing';
import { createMemoryConversations, createRecentHeads } from '@parley/infra/memory';
import {
  briefHeadFor,
  conversations,
  createConversationList,
  createTail,
  projectionReader,
  recentHeadsFollower,
  StoreUnavailable,
  type BriefHead,
  type ConversationHead,
  type RecentHeads,
} from '@parley/projections';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const shard = 0 as Shard;
const ids = ['g_shared', 'g_private', 'g_other'].map((id) => id as ConversationId);

const happening = fc.oneof(
  fc.record({
    type: fc.constant('event' as const),
    id: fc.constantFrom(...ids),
    event: fc.constantFrom<ChatEvent>(said('hello'), said('more'), added([bob]), removed(bob)),
  }),
  fc.record({ type: fc.constant('fold' as const), events: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ type: fc.constantFrom('another worker' as const, 'cut off' as const, 'back' as const) }),
);
const step = fc.oneof(
  happening,
  fc.record({
    type: fc.constant('list' as const),
    meanwhile: fc.array(fc.array(happening, { maxLength: 5 }), { maxLength: 4 }),
  }),
);

type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class Play {
  readonly #log = createTestLog();
  readonly #world = createTestWorld();
  readonly #store = createMemoryConversations();
  readonly #recent = createRecentHeads()(1);
  #reader = this.#worker();
  readonly #metas = new Map<ConversationId, Position>();
  /** Before each question that a list asks. */
  #meanwhile: (readonly Happening[])[] = [];
  /** Workers do not reach who keeps the heads. */
  #isCutOff = false;
  found = 0;
  readonly offences: string[] = [];

  constructor() {
    for (const id of ids) {
      const history = id === 'g_private' ? 'since_join' : 'shared';
      this.#put(id, created([alice, bob], { settings: { history } }));
    }
  }

  async step(next: Step): Promise<void> {
    if (next.type !== 'list') return this.#happen(next);
    const from = this.#log.events().length;
    this.#meanwhile = [...next.meanwhile];
    const list = await this.#list().ofUser(bob);
    this.#meanwhile = [];
    this.#judge(list, from);
  }

  async #happen(next: Happening): Promise<void> {
    if (next.type === 'event') this.#put(next.id, next.event);
    else if (next.type === 'fold') await this.#fold(next.events);
    else if (next.type === 'another worker') {
      this.#reader = this.#worker();
      await this.#reader.checkpoint(shard);
    } else this.#isCutOff = next.type === 'cut off';
  }

  #put(conversationId: ConversationId, event: ChatEvent): void {
    const decidedOn = this.#metas.get(conversationId) ?? (0 as Position);
    const stored = this.#log.put(event, { conversationId, decidedOn });
    if (isConversationEvent(stored)) this.#metas.set(conversationId, stored.position);
  }

  async #fold(events: number): Promise<void> {
    const checkpoint = await this.#store.checkpoint(shard);
    const next = this.#log.events().slice(checkpoint, checkpoint + events);
    if (next.length > 0) await this.#reader.apply(shard, next);
  }

  #worker() {
    const follow: RecentHeads['follow'] = async (...said) => {
      if (this.#isCutOff) throw new StoreUnavailable('cut off');
      return this.#recent.follow(...said);
    };
    const follower = recentHeadsFollower({ follow }, this.#world);
    return projectionReader(conversations, this.#store, { generation: 1, observer: silent, follower });
  }

  #list() {
    const before = async (): Promise<void> => {
      for (const next of this.#meanwhile.shift() ?? []) await this.#happen(next);
    };
    const { log, world, store, recent } = {
      log: this.#log,
      world: this.#world,
      store: this.#store,
      recent: this.#recent,
    };
    const interrupted = {
      ...store,
      membershipsOf: (...asked: Parameters<typeof store.membershipsOf>) =>
        before().then(() => store.membershipsOf(...asked)),
      heads: (...asked: Parameters<typeof store.heads>) => before().then(() => store.heads(...asked)),
    };
    return createConversationList({
      log,
      tail: createTail(log, world),
      world,
      store: interrupted,
      recent: {
        find: async (asked) => {
          await before();
          const found = await recent.find(asked);
          this.found += found.get(shard)?.heads.size ?? 0;
          return found;
        },
        offer: (...given) => before().then(() => recent.offer(...given)),
      },
    });
  }

  /** Each is as the log has it at its position, and as bob may see it there; none is left out that he was in all the time. */
  #judge(list: readonly BriefHead[], from: number): void {
    for (const head of list) {
      const logged = this.#headAt(head.conversationId, head.position);
      const isTrue = logged && isMember(logged.state, bob) && isDeepStrictEqual(head, briefHeadFor(logged, bob));
      if (!isTrue) this.offences.push(`${head.conversationId} is not so at ${head.position}`);
    }
    for (const id of ids.filter((each) => this.#wasIn(each, from))) {
      const due = this.#headAt(id, from as Position)?.position ?? 0;
      const at = list.find(({ conversationId }) => conversationId === id)?.position ?? 0;
      if (at < due) this.offences.push(`${id} at ${at}, it was at ${due} before`);
    }
  }

  #headAt(id: ConversationId, upTo: Position): ConversationHead | undefined {
    return this.#eventsOf(id)
      .filter(({ position }) => position <= upTo)
      .reduce<ConversationHead | undefined>((head, stored) => conversations.fold(head, stored).head, undefined);
  }

  #wasIn(id: ConversationId, from: number): boolean {
    let state = conversation.initialState;
    let wasIn = true;
    for (const stored of this.#eventsOf(id)) {
      if (stored.position > from && !isMember(state, bob)) wasIn = false;
      if (isConversationEvent(stored)) state = conversation.evolve(state, stored);
    }
    return wasIn && isMember(state, bob);
  }

  #eventsOf(id: ConversationId): readonly StoredEvent[] {
    return this.#log.events().filter(({ conversationId }) => conversationId === id);
  }
}

const silent = { parked: () => undefined, passedOver: () => undefined, voided: () => undefined };

const [shared, hidden] = ids as [ConversationId, ConversationId];
const happened = (id: ConversationId, event: ChatEvent): Happening => ({ type: 'event', id, event });
const all: Happening = { type: 'fold', events: 100 };

test.each<readonly [string, readonly Step[]]>([
  [
    'they came back while it was made',
    [
      { type: 'another worker' },
      happened(shared, removed(bob)),
      happened(shared, said('not to bob')),
      all,
      { type: 'list', meanwhile: [[{ type: 'cut off' }, happened(shared, added([bob])), all]] },
    ],
  ],
  [
    'they were put out while it was made',
    [
      { type: 'another worker' },
      all,
      { type: 'list', meanwhile: [[], [happened(shared, removed(bob)), happened(shared, said('not to bob')), all]] },
    ],
  ],
  [
    'the last message was before they joined',
    [
      { type: 'another worker' },
      happened(hidden, removed(bob)),
      happened(hidden, said('not to bob')),
      happened(hidden, added([bob])),
      all,
      { type: 'list', meanwhile: [] },
    ],
  ],
])('a list shows nothing that is not theirs to read, when %s', async (_, steps) => {
  const play = new Play();
  for (const each of steps) await play.step(each);
  expect(play.found).toBeGreaterThan(0);
  expect(play.offences).toEqual([]);
});

test('a list by recent heads shows what the log says, nothing that is not theirs to read, and all that was there before', async () => {
  let found = 0;
  const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const play = new Play();
    for (const each of steps) await play.step(each);
    expect(play.offences).toEqual([]);
    found += play.found;
  });
  await fc.assert(property, { numRuns: 100 });
  expect(found).toBeGreaterThan(20);
}, 120_000);
