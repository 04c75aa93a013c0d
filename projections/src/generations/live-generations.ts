// The generations of a projection as a running process sees them: it looks at the registry every second, opens what is new, and
// leaves what is gone. Queries ask which one serves once for each answer, so that no answer mixes two.
import type { World } from '@parley/domain';
import {
  followingNumbers,
  servingNumber,
  withVersion,
  type GenerationRegistry,
  type ProjectionGenerations,
  type ProjectionIdentity,
} from './generations.ts';

export const GENERATIONS = {
  /** How long a process may not know of a change. */
  pollMs: 1_000,
} as const;

export interface OpenGeneration<Store> {
  readonly number: number;
  readonly store: Store;
}

export interface LiveGenerations<Store> {
  /** What answers now. */
  serving(): OpenGeneration<Store>;
  /** What workers fold. */
  following(): readonly OpenGeneration<Store>[];
  /** Told after each change, until disposed. */
  onChange(listener: () => void): Disposable;
}

export interface FollowOptions<Store> {
  readonly registry: GenerationRegistry;
  readonly projection: ProjectionIdentity;
  readonly world: Pick<World, 'now' | 'sleep'>;
  /** Whether this process folds, and so may register the first generation of its version. */
  readonly isWorker: boolean;
  open(number: number): Promise<Store>;
  /** Nothing here uses it any more. */
  close?(number: number): Promise<void>;
  /** It could not look, or not open what it saw: what was known goes on. */
  failed(error: unknown): void;
}

/** Resolves when the serving one is open; rejects when that fails. */
export async function followGenerations<Store>(
  options: FollowOptions<Store>,
): Promise<LiveGenerations<Store> & AsyncDisposable> {
  const { registry, projection, world } = options;
  const { name, version } = projection;
  const stores = new Map<number, Store>();
  const listeners = new Set<() => void>();
  const stop = new AbortController();

  const look = (): Promise<ProjectionGenerations | undefined> =>
    options.isWorker
      ? registry.change(name, (before) => withVersion(before, version, world.now()))
      : registry.load(name);

  const open = async (number: number): Promise<OpenGeneration<Store>> => {
    const store = stores.get(number) ?? (await options.open(number));
    stores.set(number, store);
    return { number, store };
  };

  /** Gateways fold nothing: they open the serving one alone. */
  const opened = async (record: ProjectionGenerations | undefined) => ({
    serving: await open(servingNumber(record, version)),
    following: await Promise.all((options.isWorker ? followingNumbers(record, version) : []).map(open)),
  });

  let current = await opened(await look());

  async function update(): Promise<void> {
    const next = await opened(await registry.load(name));
    if (isSame(current, next)) return;
    current = next;
    for (const listener of listeners) listener();
    await leaveOthers();
  }

  async function leaveOthers(): Promise<void> {
    const used = new Set([current.serving, ...current.following].map(({ number }) => number));
    for (const number of [...stores.keys()].filter((each) => !used.has(each))) {
      stores.delete(number);
      await options.close?.(number);
    }
  }

  const polling = (async () => {
    while (!stop.signal.aborted) {
      await world.sleep(GENERATIONS.pollMs, stop.signal);
      if (!stop.signal.aborted) await update().catch((error: unknown) => options.failed(error));
    }
  })();

  return {
    serving: () => current.serving,
    following: () => current.following,
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await polling;
    },
  };
}

/** One generation that never changes. */
export function fixedGeneration<Store>(store: Store, number = 1): LiveGenerations<Store> {
  const only = { number, store };
  return { serving: () => only, following: () => [only], onChange: () => ({ [Symbol.dispose]: () => undefined }) };
}

interface Seen<Store> {
  readonly serving: OpenGeneration<Store>;
  readonly following: readonly OpenGeneration<Store>[];
}

const isSame = <Store>(a: Seen<Store>, b: Seen<Store>): boolean => numbersOf(a) === numbersOf(b);

const numbersOf = <Store>({ serving, following }: Seen<Store>): string =>
  [serving, ...following].map(({ number }) => number).join(' ');
