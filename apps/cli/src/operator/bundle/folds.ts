// What the projections make of a bundle's events, anywhere: the hash of all they would store, or where a fold could not go on.
import { isVoid, type StoredEvent } from '@parley/domain';
import { digest } from '@parley/infra/runtime';
import { conversations, Tally, timeline, type Head, type VerifiableProjection } from '@parley/projections';
import type { FoldOutcome } from './bundle-file.ts';

export interface Folds {
  /** The next event, or the position of one that this build cannot read. */
  add(next: StoredEvent | { readonly unreadable: number; readonly reason: string }): void;
  /** Nothing is added afterwards. */
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

function createFold<H extends Head, Row>(projection: VerifiableProjection<H, Row>, failures: string[]) {
  const tally = new Tally(projection, digest);
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
      for (const row of folded.rows) tally.add(row);
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
      return { type: 'folded', hash: tally.hash(head) };
    },
  };
}
