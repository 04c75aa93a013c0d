// An export as Apache Parquet: rows are gathered into row groups, one of which is in memory at a time (docs/adr/0013-parquet.md).
import { fileWriter, ParquetWriter, schemaFromColumnData, type BasicType, type ColumnSource } from 'hyparquet-writer';
import { COLUMN_NAMES, COLUMNS, type Column, type ColumnType, type ExportRow } from './columns.ts';
import type { RowSink } from './row-sink.ts';

export const PARQUET = {
  rowsPerGroupMax: 50_000,
  /** Of bodies, in UTF-16 code units: long ones fill a group sooner. */
  bodiesPerGroupMax: 16 * 1024 * 1024,
} as const;

const TYPES: Readonly<Record<ColumnType, BasicType>> = {
  text: 'STRING',
  json: 'JSON',
  integer: 'INT64',
  boolean: 'BOOLEAN',
  time: 'TIMESTAMP',
};

export async function openParquet(path: string): Promise<RowSink> {
  // Its file is open only within each of its calls.
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: schemaFromColumnData({ columnData: COLUMN_NAMES.map((name) => columnOf(name, [])) }),
    createdBy: 'parley',
  });
  let group: ExportRow[] = [];
  let bodies = 0;

  async function flush(): Promise<void> {
    if (group.length === 0) return;
    const columnData = COLUMN_NAMES.map((name) => columnOf(name, group));
    const rowGroupSize = group.length;
    group = [];
    bodies = 0;
    await writer.write({ columnData, rowGroupSize });
  }

  return {
    async write(rows) {
      for (const row of rows) {
        group.push(row);
        bodies += row.body?.length ?? 0;
        if (group.length >= PARQUET.rowsPerGroupMax || bodies >= PARQUET.bodiesPerGroupMax) await flush();
      }
    },
    async finish() {
      await flush();
      await writer.finish();
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const columnOf = (name: Column, rows: readonly ExportRow[]): ColumnSource => ({
  name,
  type: TYPES[COLUMNS[name]],
  nullable: true,
  data: rows.map((row) => cellOf(name, row)),
});

function cellOf(name: Column, row: ExportRow): unknown {
  const cell = row[name];
  if (cell === undefined) return null;
  if (COLUMNS[name] === 'integer') return BigInt(cell as number);
  return COLUMNS[name] === 'time' ? new Date(cell as number) : cell;
}
