// Where rows of an export go: a file of some format.
import type { ExportRow } from './columns.ts';

/** Writes to one path. Disposing closes it. */
export interface RowSink extends AsyncDisposable {
  write(rows: readonly ExportRow[]): Promise<void>;
  /** After the last row. */
  finish(): Promise<void>;
}
