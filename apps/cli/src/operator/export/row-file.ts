// A file that rows are written to, some at a time. Until it is whole it has another name, so that a cut-off one is never taken for
// an export.
import { rename, rm } from 'node:fs/promises';
import { openJsonLines } from './json-lines-file.ts';
import { openParquet } from './parquet-file.ts';
import type { RowSink } from './row-sink.ts';

export type ExportFormat = 'jsonl' | 'parquet';

const OPEN: Readonly<Record<ExportFormat, (path: string) => Promise<RowSink>>> = {
  jsonl: openJsonLines,
  parquet: openParquet,
};

/** Resolves with what `fill` gives, the file being whole; when that throws or gives undefined, there is no file. */
export async function writeRowFile<Result>(
  path: string,
  format: ExportFormat,
  fill: (sink: Pick<RowSink, 'write'>) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const draft = `${path}.unfinished`;
  try {
    const result = await filled(await OPEN[format](draft), fill);
    if (result !== undefined) await rename(draft, path);
    return result;
  } finally {
    await rm(draft, { force: true });
  }
}

async function filled<Result>(
  opened: RowSink,
  fill: (sink: Pick<RowSink, 'write'>) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  await using sink = opened;
  const result = await fill(sink);
  if (result !== undefined) await sink.finish();
  return result;
}
