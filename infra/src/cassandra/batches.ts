// Statements put together into batches of one partition each, the one kind of batch that is a single mutation for a
// replica. What is alone in its partition goes with others that have their copies on the same nodes: one request instead of many, and
// for each of those nodes the same work. Bounded: a server refuses large ones (1 MiB, ScyllaDB's default) and stumbles over
// middling ones.
import type { Cell } from './cells.ts';
import type { Session, Statement } from './session.ts';

export interface PartitionStatement extends Statement {
  /** Equal for statements of one table and partition. */
  readonly partition: string;
  /** The partition's, without the table. */
  readonly key: readonly Cell[];
}

const batchStatementsMax = 50;
const batchBytesMax = 128 * 1024;
/** What a fixed-size cell takes, with its length. */
const cellBytes = 12;

/** Resolves when all of them are durable; in no order. */
export async function writeAll(session: Session, statements: readonly PartitionStatement[]): Promise<void> {
  const nodesOf = ({ key }: PartitionStatement): string => session.nodesOf(key);
  await Promise.all(batchesOf(statements, nodesOf).map((batch) => session.write(batch)));
}

/** `nodesOf` is equal for statements whose rows lie on the same nodes. */
export function batchesOf(
  statements: readonly PartitionStatement[],
  nodesOf: (statement: PartitionStatement) => string,
): readonly (readonly Statement[])[] {
  const partitions = [...Map.groupBy(statements, ({ partition }) => partition).values()];
  const together = partitions.filter(({ length }) => length > 1);
  const alone = Map.groupBy(partitions.filter(({ length }) => length === 1).flat(), nodesOf);
  return [...together, ...alone.values()].flatMap(boundedRuns);
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
