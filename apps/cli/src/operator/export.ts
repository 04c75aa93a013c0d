// `parley export`: events as rows for analysts, of one conversation or of all since a time; and bundles (`bundle/`). Streamed: what is
// in memory does not grow with the log.
import { allShards, isVoid, shardOf, type Position, type Shard, type StoredEvent } from '@parley/domain';
import { writeBundle } from './bundle/write-bundle.ts';
import { toRow, type ExportRow } from './export/columns.ts';
import { writeRowFile, type ExportFormat } from './export/row-file.ts';
import type { RowSink } from './export/row-sink.ts';
import { parseTime, positionBefore } from './moment.ts';
import { WrongUsage, type Call, type OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { conversationIdOf, eventsOf, noSuchConversation } from './story/conversation-events.ts';
import type { System } from './system.ts';

export interface ExportFlags {
  readonly since?: string;
  readonly format: ExportFormat;
  readonly out?: string;
  /** A conversation's id. */
  readonly bundle?: string;
  readonly redact?: boolean;
}

export const exportEvents: OperatorCommand<ExportFlags> = async (call, given) => {
  const { flags, output } = call;
  if (flags.bundle !== undefined) return exportBundle(call, flags.bundle);
  if (flags.redact) throw new WrongUsage('--redact goes with --bundle <conversation>: rows are not redacted');
  if ((given === undefined) === (flags.since === undefined)) {
    throw new WrongUsage('name either a conversation or --since <time>');
  }
  if (flags.out === undefined) throw new WrongUsage('--out <file> says where the rows go');
  const written = await writeRowFile(flags.out, flags.format, (sink) =>
    given === undefined ? exportSince(call, sink) : exportConversation(call, given, sink),
  );
  if (written === undefined) return EXIT.interrupted;
  output.line(`${written.rows} rows, ${written.voided} of them void, in ${flags.out}`);
  output.json({ ...written, format: flags.format, file: flags.out });
  return EXIT.done;
};

async function exportBundle(
  { system, output, flags, signal }: Call<ExportFlags>,
  conversationId: string,
): Promise<number> {
  const { out: file, redact: isRedacted = false } = flags;
  if (file === undefined) throw new WrongUsage('--out <file> says where the bundle goes');
  const written = await writeBundle({ system, signal }, { conversationId, file, isRedacted });
  if (written === undefined) return EXIT.interrupted;
  for (const failure of written.failures) output.note(failure);
  output.line(
    `${written.events} events in ${file}${isRedacted ? ', redacted' : ''}; \`parley replay ${file}\` folds them`,
  );
  output.json({ ...written, file, isRedacted });
  return EXIT.done;
}

interface Written {
  readonly rows: number;
  readonly voided: number;
}

/** Undefined when it was interrupted. */
async function exportConversation(
  { system, output, signal }: Call<ExportFlags>,
  given: string,
  sink: Pick<RowSink, 'write'>,
): Promise<Written | undefined> {
  const id = conversationIdOf(given);
  const shard = shardOf(id, system.log.shards);
  const head = await system.log.head(shard);
  const count = counting(sink);
  using progress = output.progress('exported to position', head);
  for await (const events of eventsOf(system, id, { signal })) {
    await count.write(events, shard);
    progress.set(events.at(-1)?.position ?? 0);
  }
  if (count.written.rows === 0 && !signal.aborted) noSuchConversation(id);
  return signal.aborted ? undefined : count.written;
}

/** Shard by shard, up to the head that each had at first. Undefined when it was interrupted. */
async function exportSince(
  { system, output, flags, signal }: Call<ExportFlags>,
  sink: Pick<RowSink, 'write'>,
): Promise<Written | undefined> {
  const ranges = await rangesSince(system, parseTime(flags.since ?? '', system.world.now()));
  const total = ranges.reduce((sum, { after, upTo }) => sum + upTo - after, 0);
  const count = counting(sink);
  using progress = output.progress('exported', total);
  for (const range of ranges) {
    for await (const events of eventsBetween(system, range, signal)) {
      await count.write(events, range.shard);
      progress.set(count.written.rows);
    }
  }
  return signal.aborted ? undefined : count.written;
}

interface ShardRange {
  readonly shard: Shard;
  readonly after: Position;
  readonly upTo: Position;
}

async function rangesSince({ log }: System, sinceTs: number): Promise<readonly ShardRange[]> {
  const range = async (shard: Shard): Promise<ShardRange> => {
    const upTo = await log.head(shard);
    return { shard, after: await positionBefore(log, shard, sinceTs), upTo };
  };
  return Promise.all(allShards(log.shards).map(range));
}

async function* eventsBetween(
  { log }: System,
  { shard, after, upTo }: ShardRange,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredEvent[]> {
  if (after >= upTo || signal.aborted) return;
  for await (const events of log.read(shard, after, { reader: 'parley-export', signal })) {
    yield events.filter((stored) => stored.position <= upTo);
    if ((events.at(-1)?.position ?? 0) >= upTo) return;
  }
}

function counting(sink: Pick<RowSink, 'write'>) {
  const written = { rows: 0, voided: 0 };
  return {
    written,
    async write(events: readonly StoredEvent[], shard: Shard): Promise<void> {
      const rows: ExportRow[] = events.map((stored) => toRow(stored, shard));
      await sink.write(rows);
      written.rows += rows.length;
      written.voided += events.filter(isVoid).length;
    },
  };
}
