// An export as JSON lines: times as RFC 3339, columns that do not apply left out.
import { open } from 'node:fs/promises';
import { COLUMNS, type Column, type ExportRow } from './columns.ts';
import type { RowSink } from './row-sink.ts';

export async function openJsonLines(path: string): Promise<RowSink> {
  const file = await open(path, 'w');
  return {
    async write(rows) {
      if (rows.length > 0) await file.write(`${rows.map(jsonLine).join('\n')}\n`);
    },
    finish: () => file.sync(),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

const jsonLine = (row: ExportRow): string =>
  JSON.stringify(row, (key, cell: unknown) =>
    COLUMNS[key as Column] === 'time' && typeof cell === 'number' ? new Date(cell).toISOString() : cell,
  );
