// `parley export --bundle`: one conversation as a file for a bug report. Redacted, it may leave the company.
import { open, rename, rm } from 'node:fs/promises';
import process from 'node:process';
import type { StoredEvent } from '@parley/domain';
import { encodeEvent, type RawRecord } from '@parley/infra/nats';
import packageJson from '../../../package.json' with { type: 'json' };
import { conversationIdOf, noSuchConversation, recordsOf } from '../story/conversation-events.ts';
import { readable } from '../story/tell.ts';
import type { Call } from '../operate.ts';
import type { System } from '../system.ts';
import {
  bundleVersion,
  closingLine,
  openingLine,
  recordLine,
  type BundleClosing,
  type BundleOpening,
} from './bundle-file.ts';
import { createFolds, PROJECTION_VERSIONS, type Folds } from './folds.ts';
import { createRedaction, type Redaction } from './redact.ts';

interface BundleOptions {
  readonly conversationId: string;
  readonly file: string;
  readonly isRedacted: boolean;
}

/** Undefined when it was interrupted: then there is no file. */
export async function writeBundle(
  { system, signal }: Pick<Call<object>, 'system' | 'signal'>,
  { conversationId, file, isRedacted }: BundleOptions,
): Promise<(BundleClosing & { readonly failures: readonly string[] }) | undefined> {
  const id = conversationIdOf(conversationId);
  const redaction = isRedacted ? createRedaction() : undefined;
  const folds = createFolds();
  const draft = `${file}.unfinished`;
  try {
    await using bundle = await open(draft, 'w');
    await bundle.write(`${openingLine(opening(system, redaction?.conversationId(id) ?? id, isRedacted))}\n`);
    let events = 0;
    for await (const records of recordsOf(system, id, { signal })) {
      const lines = records.map((record) =>
        recordLine(folded(record, { folds, redaction, shards: system.log.shards })),
      );
      await bundle.write(`${lines.join('\n')}\n`);
      events += records.length;
    }
    if (signal.aborted) return undefined;
    if (events === 0) noSuchConversation(id);
    const closing = { events, outcomes: folds.outcomes() };
    await bundle.write(`${closingLine(closing)}\n`);
    await rename(draft, file);
    return { ...closing, failures: folds.failures };
  } finally {
    await rm(draft, { force: true });
  }
}

const opening = ({ log, logEpoch, world }: System, conversationId: string, isRedacted: boolean): BundleOpening => ({
  parley: 'bundle',
  version: bundleVersion,
  conversationId,
  shards: log.shards,
  logEpoch,
  isRedacted,
  madeAt: new Date(world.now()).toISOString(),
  madeBy: { parley: packageJson.version, node: process.versions.node },
  projections: PROJECTION_VERSIONS,
});

interface Folding {
  readonly folds: Folds;
  readonly redaction: Redaction | undefined;
  readonly shards: number;
}

/** The record as it goes into the bundle, which is what is folded. What cannot be read cannot be redacted, and throws. */
function folded(record: RawRecord, { folds, redaction, shards }: Folding): RawRecord {
  const stored = readable(record);
  if (stored instanceof Error) {
    if (redaction) throw stored;
    folds.add({ unreadable: record.position, reason: stored.message });
    return record;
  }
  const bundled = redaction?.event(stored) ?? stored;
  folds.add(bundled);
  return redaction ? asRecord(bundled, record.time, shards) : record;
}

function asRecord(stored: StoredEvent, time: string, shards: number): RawRecord {
  const { subject, headers, body } = encodeEvent(stored, shards);
  return { subject, position: stored.position, time, headers: Object.fromEntries(headers), body };
}
