// What the projections make of a bundle's events, anywhere: the hash of all they would store, or where a fold could not go on.
import { createHash } from 'node:crypto';
import { isVoid, type StoredEvent } from '@parley/domain';
import { conversations, timeline, type Head, type Projection } from '@parley/projections';
import type { FoldOutcome } from './bundle-file.ts';

export interface Folds {
  /** The next event, or the position of one that this build cannot read. */
  add(next: StoredEvent | { readonly unreadable: number; readonly reason: string }): void;
  outcomes(): Readonly<Record<string, FoldOutcome>>;
  /** Why folds could not go on, for people. */
  readonly failures: readonly string[];
}

export const PROJECTION_VERSIONS = { [timeline.name]: timeline.version, [conversations.name]: conversations.version };

export function createFolds(): Folds {
  const failures: string[] = [];
  const folds = [createFold(timeline, failures), createFold(conversations, failures)];
  return {
    failures,
    add: (next) => folds.forEach((fold) => fold.add(next)),
    outcomes: () => Object.fromEntries(folds.map((fold) => [fold.name, fold.outcome()])),
  };
}

function createFold<H extends Head, Row>(projection: Projection<H, Row>, failures: string[]) {
  const hash = createHash('sha256');
  let head: H | undefined;
  let stopped: number | undefined;

  function stop(at: number, reason: string): void {
    stopped = at;
    failures.push(`${projection.name} cannot go on at #${at}: ${reason}`);
  }

  function fold(stored: StoredEvent): void {
    try {
      const folded = projection.fold(head, stored);
      head = folded.head;
      for (const row of folded.rows) hash.update(`${canonical(row)}\n`);
    } catch (error) {
      stop(stored.position, String(error));
    }
  }

  return {
    name: projection.name,
    add(next: Parameters<Folds['add']>[0]): void {
      if (stopped !== undefined) return;
      if ('unreadable' in next) stop(next.unreadable, next.reason);
      else if (!isVoid(next)) fold(next);
    },
    outcome(): FoldOutcome {
      if (stopped !== undefined) return { type: 'stopped', position: stopped };
      return { type: 'folded', hash: hash.copy().update(canonical(head)).digest('hex') };
    },
  };
}

/** One text for one value: keys in order, maps as lists. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Map) return [...part];
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }) ?? 'nothing';
