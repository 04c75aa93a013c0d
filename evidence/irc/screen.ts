// What is seen while a replay runs: on a terminal a bar with rate and time left, and under it the last line of each room as the
// operator's connection brings it; elsewhere a plain line every few seconds.
import { stripVTControlCharacters } from 'node:util';
import { MultiBar, type SingleBar } from 'cli-progress';

export interface Progress {
  readonly said: number;
  readonly total: number;
  readonly connected: number;
  readonly cuts: number;
  readonly kills: number;
}

export interface Screen extends Disposable {
  heard(room: string, line: string): void;
}

/** A terminal, a file or a pipe. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export interface ScreenOptions {
  readonly output: Output;
  readonly rooms: readonly { readonly name: string; readonly entries: number }[];
  readonly progress: () => Progress;
}

const terminalEveryMs = 200;
const plainEveryMs = 3_000;
const roomCharsMax = 28;
const columnsDefault = 100;

export const openScreen = (options: ScreenOptions): Screen =>
  options.output.isTTY ? new TerminalScreen(options) : new PlainScreen(options);

class TerminalScreen implements Screen {
  readonly #bars: MultiBar;
  readonly #all: SingleBar;
  readonly #rooms = new Map<string, SingleBar>();
  readonly #options: ScreenOptions;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#bars = new MultiBar({ stream: options.output, hideCursor: true, barsize: 20, linewrap: false });
    this.#all = this.#bars.create(options.progress().total, 0, { told: '' }, { format: '{bar} {percentage}% {told}' });
    for (const { name, entries } of options.rooms) {
      const format = `${name.slice(-roomCharsMax).padEnd(roomCharsMax)} {value}/{total} {line}`;
      this.#rooms.set(name, this.#bars.create(entries, 0, { line: '' }, { format }));
    }
    this.#timer = setInterval(() => this.#draw(), terminalEveryMs);
  }

  heard(room: string, line: string): void {
    const columns = (this.#options.output.columns ?? columnsDefault) - roomCharsMax - 16;
    this.#rooms.get(room)?.increment({ line: plain(line).slice(0, Math.max(columns, 0)) });
  }

  #draw(): void {
    const progress = this.#options.progress();
    this.#all.update(progress.said, { told: tellProgress(progress, performance.now() - this.#startedMs) });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#draw();
    this.#bars.stop();
  }
}

class PlainScreen implements Screen {
  readonly #options: ScreenOptions;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #last = '';

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#print(), plainEveryMs);
  }

  heard(room: string, line: string): void {
    this.#last = `${room} ${plain(line)}`;
  }

  #print(): void {
    const told = tellProgress(this.#options.progress(), performance.now() - this.#startedMs);
    this.#options.output.write(`${told}; ${this.#last}\n`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#print();
  }
}

/** What strangers wrote may not steer the terminal. */
const plain = (text: string): string => stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, ' ');

/** The rate is of the whole time; what is left is reckoned from it. */
export function tellProgress({ said, total, connected, cuts, kills }: Progress, tookMs: number): string {
  const perSecond = said / (tookMs / 1000);
  const left = said === 0 ? '?' : Math.ceil((total - said) / perSecond);
  const killed = kills === 0 ? '' : ', killed and started again';
  return (
    `${said.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} messages, ${perSecond.toFixed(0)}/s, ${left} s left, ` +
    `${connected} connected, ${cuts} cuts${killed}`
  );
}
