// What a history is played on: a running system, the faults that it can be given, and what is read from it afterwards.
import { setTimeout as pause } from 'node:timers/promises';
import type { LogEntry, StoredRow } from '@parley/proof';
import type { FaultProxy, Side } from './fault-proxy.ts';

export interface Fault {
  readonly name: string;
  /** A link, or what is done to processes: each has its turn. */
  readonly group: string;
  /** Resolves when the harm is done and, of what lasts, over. */
  readonly inflict: (random: () => number) => Promise<void>;
}

export interface Stage extends AsyncDisposable {
  /** For sockets and REST, through what stands between clients and a gateway; asked again for each connection and call. */
  clientUrl(): string;
  /** Past it: for who prepares and who reads afterwards. */
  directUrl(): string;
  token(userId: string): Promise<string>;
  readonly faults: readonly Fault[];
  /** Nothing stands in anybody's way and every process is ready. */
  heal(): Promise<void>;
  /** Every event of every shard. */
  readLog(): Promise<readonly LogEntry[]>;
  /** Every stored row of the timeline. */
  readRows(): Promise<readonly StoredRow[]>;
}

/** How long what lasts does, when nothing is said: longer than clients and gateways wait for a sign of life of one another. */
export const lastsMsUsual = 5_000;
const slowMs = { latencyMs: 80, jitterMs: 120 };

/** Everything that can happen to one link, which may have several proxies. */
export function linkFaults(link: string, proxies: readonly FaultProxy[], lastsMs = lastsMsUsual): readonly Fault[] {
  const all = (work: (proxy: FaultProxy) => void): void => proxies.forEach(work);

  const lasting = (what: string, begin: (proxy: FaultProxy) => void): Fault => ({
    name: `${link}: ${what}`,
    group: link,
    async inflict() {
      all(begin);
      await pause(lastsMs);
      await Promise.all(proxies.map((proxy) => proxy.heal()));
    },
  });

  const halfOpen = (gone: Side): Fault => lasting(`half open, the ${gone}s gone`, (proxy) => proxy.halfOpen(gone));

  return [
    lasting('slow', (proxy) => proxy.shape(slowMs)),
    lasting('held', (proxy) => proxy.shape({ passage: 'held' })),
    lasting('swallowed both ways', (proxy) => proxy.shape({ passage: 'swallowed' })),
    lasting('swallowed up', (proxy) => proxy.shape({ passage: 'swallowed' }, { direction: 'up' })),
    lasting('swallowed down', (proxy) => proxy.shape({ passage: 'swallowed' }, { direction: 'down' })),
    halfOpen('client'),
    halfOpen('server'),
    { name: `${link}: reset`, group: link, inflict: async () => all((proxy) => proxy.reset()) },
    lasting('closed slowly', (proxy) => {
      proxy.shape({ closeDelayMs: lastsMs / 2 });
      proxy.endClients();
    }),
    lasting('refused', (proxy) => {
      proxy.refuse();
      proxy.reset();
    }),
  ];
}
