// What this process has in the registry, so that keys can expire and what is in use never does: each entry is written again
// long before it would. That also heals what a server lost without a word, within `rewriteAfterMs`.
import type { SessionEntry, TimestampMs } from '@parley/domain';

export class OwnSessions {
  /** By the time of the last write, oldest first. */
  readonly #written = new Map<string, { readonly entry: SessionEntry; readonly writtenTs: TimestampMs }>();

  written(entry: SessionEntry, writtenTs: TimestampMs): void {
    this.forget(entry);
    this.#written.set(idOf(entry), { entry, writtenTs });
  }

  forget(entry: SessionEntry): void {
    this.#written.delete(idOf(entry));
  }

  /** At most `countMax` that were last written at `beforeTs` or earlier, oldest first. */
  staleAt(beforeTs: TimestampMs, countMax: number): readonly SessionEntry[] {
    const stale: SessionEntry[] = [];
    for (const { entry, writtenTs } of this.#written.values()) {
      if (writtenTs > beforeTs || stale.length === countMax) break;
      stale.push(entry);
    }
    return stale;
  }
}

const idOf = ({ userId, sessionId }: SessionEntry): string => `${userId} ${sessionId}`;
