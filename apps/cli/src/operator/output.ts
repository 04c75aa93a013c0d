// How a command answers: people get lines and tables on stdout, programs (`--json`) documents of JSON. Progress goes to stderr, so
// that it is never taken for an answer.
import process from 'node:process';
import { Presets, SingleBar } from 'cli-progress';
import Table from 'cli-table3';

export interface Output {
  readonly isJson: boolean;
  /** For people. */
  line(text: string): void;
  /** For people. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
  /** For programs: one document, or one line of several. */
  json(value: unknown): void;
  /** On a terminal a bar with rate and ETA; else nothing. `done` may pass `total`. */
  progress(title: string, total: number): Progress;
  /** For people, beside the answer. */
  note(text: string): void;
}

interface Progress extends Disposable {
  /** So much in all, of perhaps more than was thought. */
  set(done: number, total?: number): void;
}

export function createOutput(isJson: boolean): Output {
  const write = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    isJson,
    line: (text) => isJson || write(text),
    table(head, rows) {
      if (!isJson) write(tableText(head, rows));
    },
    json: (value) => !isJson || write(JSON.stringify(value)),
    progress,
    note: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** Without lines or colours: it is read by people, and by `awk`. */
function tableText(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const none = ['top', 'bottom', 'left', 'right', 'mid', 'middle'].flatMap((part) => [
    part,
    ...['top', 'bottom', 'left', 'right'].flatMap((side) => [`${side}-${part}`, `${part}-${side}`]),
  ]);
  const chars = { ...Object.fromEntries(none.map((name) => [name, ''])), 'mid-mid': '', middle: '  ' };
  const style = { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true };
  const table = new Table({ head: [...head], chars, style });
  table.push(...rows.map((row) => row.map(String)));
  return table.toString();
}

function progress(title: string, total: number): Progress {
  if (!process.stderr.isTTY) return { set: () => undefined, [Symbol.dispose]: () => undefined };
  const format = `${title} {bar} {percentage} % {value}/{total} {rate}/s, {eta_formatted} to go`;
  const bar = new SingleBar({ format, stream: process.stderr, etaBuffer: 50 }, Presets.shades_classic);
  const beganMs = performance.now();
  bar.start(total, 0, { rate: 0 });
  return {
    set(done, of = total) {
      bar.setTotal(Math.max(of, done));
      bar.update(done, { rate: Math.round((done * 1_000) / Math.max(1, performance.now() - beganMs)) });
    },
    [Symbol.dispose]: () => bar.stop(),
  };
}
