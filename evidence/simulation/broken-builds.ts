// Builds of Parley with one promise taken out each: what the simulation is worth shows in how soon it notices.
import type { OffenceKind } from '@parley/proof';
import type { Change } from '../history/changed-build.ts';

export interface BrokenBuild {
  readonly name: string;
  readonly changes: readonly Change[];
  /** What the judge has to say; any of them will do. */
  readonly offences: readonly OffenceKind[];
}

const one = (file: string, from: string, to: string): readonly Change[] => [{ file, from, to }];

export const BROKEN_BUILDS: readonly BrokenBuild[] = [
  {
    name: 'acks before it appends',
    changes: one(
      'infra/src/nats/append.ts',
      'const outcome = await this.#attempt(event, publication);',
      `const guessed = (globalThis.guessedPositions ??= new Map());
      const shard = publication.subject.split('.')[1] ?? '';
      void this.#attempt(event, publication);
      const outcome = { type: 'Stored', seq: (guessed.get(shard) ?? 0) + 1, duplicate: false };
      guessed.set(shard, outcome.seq);`,
    ),
    offences: ['acked loss'],
  },
  {
    name: 'appends without a condition',
    changes: one(
      'infra/src/nats/codec.ts',
      "    ['Nats-Expected-Last-Subject-Sequence', `${event.decidedOn}`],\n    ['Nats-Expected-Last-Subject-Sequence-Subject', metaSubject],\n",
      '',
    ),
    offences: ['privacy', 'resume', 'changes'],
  },
  {
    name: 'has no not-after',
    changes: one('domain/src/acceptance.ts', 'stored.storedTs > stored.notAfterTs;', 'false;'),
    offences: ['idempotency', 'acked loss', 'invented or altered', 'order', 'rows', 'gap', 'resume'],
  },
  {
    name: 'stores the checkpoint before the rows',
    changes: one(
      'infra/src/memory/staged-stores.ts',
      '    await Promise.all(batch.rows.map(',
      '    await call(() => store.write(shard, { ...nothing, parked: batch.parked, checkpoint: batch.checkpoint }));\n    await Promise.all(batch.rows.map(',
    ),
    offences: ['read your writes', 'acked loss', 'rows', 'gap', 'resume', 'late', 'order', 'privacy'],
  },
  {
    name: 'does not look up old ids',
    changes: one(
      'apps/gateway/src/commands/send-message.ts',
      'const stored = await lookUp(sending, request);',
      'const stored = undefined;',
    ),
    offences: ['idempotency'],
  },
  {
    name: 'does not mind a hole between batches',
    changes: one('apps/gateway/src/live/live.ts', "    recover('hole');", ''),
    offences: ['late', 'gap'],
  },
  {
    name: 'delivers to the members of now',
    changes: one(
      'apps/delivery/src/audience.ts',
      'const userIds = membersAt(state, stored.position);',
      "const userIds = state.type === 'none' ? [] : [...state.members].filter(([, { intervals }]) => intervals.at(-1)?.to === undefined).map(([id]) => id);",
    ),
    offences: ['privacy', 'late'],
  },
  {
    name: 'resumes below the head',
    changes: one(
      'projections/src/fresh-reads.ts',
      'const upTo = await log.head(shard);',
      'const upTo = await store.checkpoint(shard);',
    ),
    offences: ['read your writes', 'resume', 'gap', 'privacy', 'late', 'idempotency'],
  },
  {
    name: 'lets plain members rename a group',
    changes: one(
      'domain/src/conversation/conversation.ts',
      "return actor.role === 'member' ? refused({ type: 'Forbidden', reason: what }) : undefined;",
      'return undefined;',
    ),
    offences: ['changes'],
  },
  {
    name: 'says yes to settings and leaves them as they are',
    changes: one('apps/gateway/src/rest/conversations.ts', '...(settings === undefined ? []', '...(settings ? []'),
    offences: ['changes'],
  },
  {
    name: 'forgets that settings were changed',
    changes: one(
      'domain/src/conversation/conversation.ts',
      'return { ...state, settings: event.settings };',
      'return state;',
    ),
    offences: ['changes', 'privacy', 'gap', 'acked loss', 'resume', 'read your writes'],
  },
  {
    name: 'does not hold live frames back during a resume',
    changes: one(
      'apps/gateway/src/live/holds.ts',
      'return this.#open > 0 && this.#counts.has(conversationId);',
      'return false;',
    ),
    offences: ['gap', 'order', 'late'],
  },
  {
    name: 'does not notice that its lease lapsed',
    changes: one('apps/gateway/src/live/lease.ts', 'if (!isHeld || !wasHeld) onLapsed();', ''),
    offences: ['late', 'gap'],
  },
  {
    name: 'refuses without looking whether a copy was stored',
    changes: one(
      'apps/gateway/src/commands/send-message.ts',
      'const stored = await lookUp(sending, attempt);',
      'const stored = undefined;',
    ),
    offences: ['unanswered'],
  },
];
