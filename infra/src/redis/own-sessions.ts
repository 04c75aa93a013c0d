// What this process has in the registry, so that keys can expire and what is in use never does: each entry is written again
// long before it would. That also heals what a server lost without a word, within `rewriteAfterMs`.
import type { SessionEntry, TimestampMs } from '@parley/domain';

/** With its place among the user's sessions, once it is known. */
export interface OwnSession extends SessionEntry {
  readonly arrivedTs?: TimestampMs;
}

export class OwnSessions {
  /** By the time of the last write, oldest first. */
  readonly #written = new Map<string, { readonly entry: OwnSession; readonly writtenTs: TimestampMs }>();

  written(entry: OwnSession, writtenTs: TimestampMs): void {
    this.forget(entry);
    this.#written.set(idOf(entry), { entry, writtenTs });
  }

  /** Unless it was forgotten meanwhile. */
  arrived(entry: OwnSession, arrivedTs: TimestampMs): void {
    const own = this.#written.get(idOf(entry));
    if (own) this.#written.set(idOf(entry), { ...own, entry: { ...own.entry, arrivedTs } });
  }

  forget(session: Pick<SessionEntry, 'userId' | 'sessionId'>): void {
    this.#written.delete(idOf(session));
  }

  /** At most `countMax` that were last written at `beforeTs` or earlier, oldest first. */
  staleAt(beforeTs: TimestampMs, countMax: number): readonly OwnSession[] {
    const stale: OwnSession[] = [];
    for (const { entry, writtenTs } of this.#written.values()) {
      if (writtenTs > beforeTs || stale.length === countMax) break;
      stale.push(entry);
    }
    return stale;
  }
}

const idOf = ({ userId, sessionId }: Pick<SessionEntry, 'userId' | 'sessionId'>): string => `${userId} ${sessionId}`;
