// Builds of Parley with one promise taken out each, to see that the checker notices. A build is a list of replaced pieces of
// source; `break-build.ts` makes them as the files are loaded, and the test beside this file keeps them true to the source.
import type { OffenceKind } from '@parley/proof';
import type { Change } from './changed-build.ts';
import type { SceneName } from './scenes.ts';

export interface BrokenBuild {
  readonly name: string;
  readonly changes: readonly Change[];
  /** What brings it out. */
  readonly scene: SceneName;
  /** What the checker has to say; any of them will do. */
  readonly offences: readonly OffenceKind[];
}

/**
 * All rules about the age of ids and copies, a twentieth of their length: what takes minutes takes seconds. Not broken: the
 * scenes that need it are played with it and without a change first, and nothing may be found.
 */
export const HASTY: readonly Change[] = (
  [
    ['notAfterMs: 30_000', 'notAfterMs: 1_500'],
    ['clockAheadMsMax: 15_000', 'clockAheadMsMax: 750'],
    ['fastPathAgeMsMax: 60_000', 'fastPathAgeMsMax: 3_000'],
    ['lookUpPublishMs: 30_000', 'lookUpPublishMs: 1_500'],
    ['lookUpNotAfterMs: 60_000', 'lookUpNotAfterMs: 3_000'],
    ['ackMarginMs: 5_000', 'ackMarginMs: 250'],
    ['dedupWindowMs: 120_000', 'dedupWindowMs: 6_000'],
  ] as const
).map(([from, to]) => ({ file: 'domain/src/acceptance.ts', from, to }));

export const BROKEN_BUILDS: readonly BrokenBuild[] = [
  {
    name: 'ack before append',
    changes: [
      {
        file: 'infra/src/nats/append.ts',
        from: 'const outcome = await this.#attempt(event, publication);',
        to: `const attempt = this.#attempt(event, publication);
      const shard = publication.subject.split('.')[1];
      const last = (globalThis.lastStored ??= new Map());
      const learn = (seq) => last.set(shard, Math.max(seq, last.get(shard) ?? 0));
      void attempt.then((done) => done.type === 'Stored' && learn(done.seq));
      const guess = (last.get(shard) ?? 0) + 1;
      const isMessage = event.event.type === 'message.sent';
      const outcome = isMessage ? { type: 'Stored', seq: guess, duplicate: false } : await attempt;
      if (isMessage) learn(guess);`,
      },
    ],
    scene: 'kills',
    offences: ['acked loss'],
  },
  {
    name: 'unconditional append',
    changes: [
      {
        file: 'infra/src/nats/codec.ts',
        from: "    ['Nats-Expected-Last-Subject-Sequence', `${event.decidedOn}`],\n    ['Nats-Expected-Last-Subject-Sequence-Subject', metaSubject],\n",
        to: '',
      },
    ],
    scene: 'removals',
    offences: ['privacy'],
  },
  {
    name: 'no not-after',
    changes: [
      {
        file: 'domain/src/acceptance.ts',
        from: 'stored.storedTs > stored.notAfterTs;',
        to: 'false;',
      },
    ],
    scene: 'late copies',
    offences: ['idempotency'],
  },
  {
    name: 'checkpoint before rows',
    changes: [
      {
        file: 'infra/src/sqlite/projection-tables.ts',
        from: 'await file.write(steps);',
        to: `await file.write(sharedSteps(shard, batch));
      await new Promise((resolve) => setTimeout(resolve, 100));
      await file.write(steps);`,
      },
    ],
    scene: 'kills',
    offences: ['rows'],
  },
  {
    name: 'no look-up for old ids',
    changes: [
      {
        file: 'apps/gateway/src/commands/send-message.ts',
        from: 'const stored = await lookUp(sending, request);',
        to: 'const stored = undefined;',
      },
    ],
    scene: 'old ids',
    offences: ['idempotency'],
  },
  {
    name: 'delivery to whoever ever was a member',
    changes: [
      {
        file: 'apps/delivery/src/audience.ts',
        from: 'const userIds = membersAt(state, stored.position);',
        to: "const userIds = state.type === 'none' ? membersAt(state, stored.position) : [...state.members.keys()];",
      },
    ],
    scene: 'removals',
    offences: ['privacy'],
  },
  {
    name: 'pages as of the checkpoint',
    changes: [
      {
        file: 'projections/src/fresh-reads.ts',
        from: 'const upTo = await log.head(shard);',
        to: 'const upTo = await store.checkpoint(shard);',
      },
    ],
    scene: 'talk',
    offences: ['read your writes', 'resume', 'gap'],
  },
];
