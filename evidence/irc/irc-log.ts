// Reads a log of group chat: one JSON object a line, plain or gzipped, one line at a time however long the file is. It says what
// is wrong with a line and where; what the lines mean for a chat is the script's to say.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

export type IrcLine = SaidLine | SystemLine;

interface Place {
  readonly room: string;
  /** The line's number in its room; rises, with gaps. */
  readonly n: number;
  /** Since the log of the room began. */
  readonly minute: number;
}

export interface SaidLine extends Place {
  readonly user: string;
  readonly text: string;
  /** The `n` of an earlier line of the room. */
  readonly replyTo?: number;
}

/** Somebody came, went or took another name; a new topic; and whatever else the server said. */
export interface SystemLine extends Place {
  readonly system: string;
}

/** The message names the file and the line. */
export class BadLine extends Error {}

export async function* readIrcLog(file: string): AsyncGenerator<IrcLine> {
  let number = 0;
  try {
    for await (const text of createInterface({ input: open(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (text.trim() !== '') yield parseIrcLine(text);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BadLine(number === 0 ? `${file}: ${reason}` : `${file}, line ${number}: ${reason}`, { cause: error });
  }
}

function open(file: string): NodeJS.ReadableStream {
  const bytes = createReadStream(file);
  if (!file.endsWith('.gz')) return bytes;
  // What goes wrong on either side is thrown by whoever reads the end.
  return pipeline(bytes, createGunzip(), () => undefined);
}

/** @throws BadLine naming the field. */
export function parseIrcLine(text: string): IrcLine {
  const record = parseObject(text);
  const place = { room: textOf(record, 'room'), n: numberOf(record, 'n'), minute: numberOf(record, 'minute') };
  if (record['system'] !== undefined) return { ...place, system: textOf(record, 'system') };
  const said = { ...place, user: textOf(record, 'user'), text: textOf(record, 'text') };
  if (record['reply_to'] === undefined) return said;
  const replyTo = numberOf(record, 'reply_to');
  if (replyTo >= place.n) throw new BadLine(`reply_to: ${replyTo} is no earlier line than ${place.n}`);
  return { ...said, replyTo };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadLine('not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadLine('not an object');
  return value as Readonly<Record<string, unknown>>;
}

function textOf(record: Readonly<Record<string, unknown>>, field: string): string {
  const value = record[field];
  if (typeof value !== 'string') throw new BadLine(`${field}: must be text, is ${JSON.stringify(value)}`);
  if (!value.isWellFormed()) throw new BadLine(`${field}: must be well-formed Unicode`);
  return value;
}

function numberOf(record: Readonly<Record<string, unknown>>, field: string): number {
  const value = record[field];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new BadLine(`${field}: must be a whole number from 0, is ${JSON.stringify(value)}`);
}
