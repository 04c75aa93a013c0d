// Statements put together into batches of one partition each, the one kind of batch that is a single mutation for a
// replica. Bounded: a server refuses large ones (1 MiB, ScyllaDB's default) and stumbles over middling ones.
import type { Cell, Session, Statement } from './session.ts';

export interface PartitionStatement extends Statement {
  /** Equal for statements of one table and partition. */
  readonly partition: string;
}

const batchStatementsMax = 50;
const batchBytesMax = 128 * 1024;
/** What a fixed-size cell takes, with its length. */
const cellBytes = 12;

/** Resolves when all of them are durable; in no order. */
export async function writeAll(session: Session, statements: readonly PartitionStatement[]): Promise<void> {
  await Promise.all(batchesOf(statements).map((batch) => session.write(batch)));
}

export function batchesOf(statements: readonly PartitionStatement[]): readonly (readonly Statement[])[] {
  return [...Map.groupBy(statements, ({ partition }) => partition).values()].flatMap(boundedRuns);
}

function boundedRuns(statements: readonly Statement[]): readonly (readonly Statement[])[] {
  const runs: Statement[][] = [];
  let bytes = Infinity;
  for (const statement of statements) {
    const size = bytesOf(statement.cells);
    const run = runs.at(-1);
    if (run === undefined || run.length === batchStatementsMax || bytes + size > batchBytesMax) {
      runs.push([statement]);
      bytes = size;
    } else {
      run.push(statement);
      bytes += size;
    }
  }
  return runs;
}

const bytesOf = (cells: readonly Cell[]): number =>
  cells.reduce<number>((sum, cell) => sum + cellBytes + (typeof cell === 'string' ? Buffer.byteLength(cell) : 0), 0);
