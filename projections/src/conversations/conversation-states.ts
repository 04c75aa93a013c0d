// The one repository of conversation states: who was a member when, what the settings are. Nothing is shown, fanned out
// or decided for good under a state older than what it concerns; this is where an older one is noticed and reloaded.
import {
  conversation,
  isVoid,
  LogUnavailable,
  NO_POSITION,
  type ConversationEvent,
  type ConversationId,
  type ConversationState,
  type EventLog,
  type Position,
  type StoredEvent,
} from '@parley/domain';
import { LRUCache } from 'lru-cache';
import { coalesce } from '../coalesce.ts';
import type { ConversationStore } from './conversations.ts';

export interface LoadedState {
  readonly state: ConversationState;
  /** Position of the conversation's last `.meta` event, void or not: what an append is conditional on. */
  readonly meta: Position;
}

export interface ConversationStates {
  /** As of some earlier moment: good enough to decide on, because the append is conditional. */
  recent(conversationId: ConversationId): Promise<LoadedState>;
  /** As of this position or later. */
  atLeast(conversationId: ConversationId, meta: Position): Promise<LoadedState>;
  /** As of some moment after the call: good enough for a refusal. */
  current(conversationId: ConversationId): Promise<LoadedState>;
}

/** Counts, nothing else: it is asked for every message. */
export interface StatesObserver {
  /** `behind`: it was known, but older than what was asked for. */
  looked(result: 'hit' | 'behind' | 'miss'): void;
}

/** Memberships the cache holds over all its conversations. */
const cachedMembershipsMax = 300_000;

const NOTHING_LOADED: LoadedState = { state: conversation.initialState, meta: NO_POSITION };

/** Snapshots only save reading: what they miss is read from the log. */
export function createConversationStates(
  log: EventLog,
  snapshots?: Pick<ConversationStore, 'heads'>,
  observer?: StatesObserver,
): ConversationStates {
  const cached = new LRUCache<ConversationId, LoadedState>({
    maxSize: cachedMembershipsMax,
    sizeCalculation: ({ state }) => 1 + (state.type === 'open' ? state.members.size : 0),
  });

  const current = coalesce(async (id: ConversationId) => {
    const known = cached.get(id) ?? (await snapshot(id));
    const loaded = foldOnto(known, await log.conversationEvents(id, known.meta));
    if (loaded.meta !== NO_POSITION) cached.set(id, loaded); // ids that strangers make up take no room
    return loaded;
  });

  async function snapshot(id: ConversationId): Promise<LoadedState> {
    const heads = await snapshots?.heads([id]).catch(() => undefined); // a store that is down costs time, no answer
    return heads?.get(id) ?? NOTHING_LOADED;
  }

  return {
    current,
    async recent(id) {
      const known = cached.get(id);
      observer?.looked(known ? 'hit' : 'miss');
      return known ?? current(id);
    },
    async atLeast(id, meta) {
      const known = cached.get(id);
      observer?.looked(lookedFor(known, meta));
      if (known && known.meta >= meta) return known;
      const loaded = await current(id);
      if (loaded.meta < meta) throw new LogUnavailable(`${id} has no .meta event at ${meta} yet, only ${loaded.meta}`);
      return loaded;
    },
  };
}

const lookedFor = (known: LoadedState | undefined, meta: Position): 'hit' | 'behind' | 'miss' => {
  if (known === undefined) return 'miss';
  return known.meta >= meta ? 'hit' : 'behind';
};

function foldOnto(known: LoadedState, events: readonly StoredEvent<ConversationEvent>[]): LoadedState {
  let { state, meta } = known;
  for (const stored of events) {
    if (!isVoid(stored)) state = conversation.evolve(state, stored);
    meta = stored.position; // a void one still is the last `.meta` event
  }
  return { state, meta };
}
