// Figures and their limits, as tables for people and as JSON for machines. A figure is the median of its runs, with the least and
// the greatest beside it.
import Table from 'cli-table3';

export interface Figure {
  readonly scenario: string;
  readonly name: string;
  readonly unit: string;
  readonly runs: number[];
  /** What the same machine does at best, measured in the same run. */
  readonly limit?: { readonly name: string; readonly runs: number[] };
}

export interface LoadLine {
  readonly scenario: string;
  readonly load: string;
  readonly runs: LoadRun[];
}

/** One run of one load. */
export interface LoadRun {
  readonly offeredPerSecond?: number;
  readonly ackedPerSecond: number;
  readonly copiesPerSecond: number;
  readonly refusedPerSecond: number;
  readonly unanswered: number;
  /** p50, p99, p99.9 in milliseconds. */
  readonly ackMs: readonly [number, number, number];
  readonly deliveryMs: readonly [number, number, number];
  /** Processors used, by what for; `stolen` by other machines. */
  readonly cores: Readonly<Record<string, number>>;
}

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** Of an even number, the middle of the two in the middle. */
export function median(values: readonly number[]): number {
  const inOrder = sorted(values);
  const at = (inOrder.length - 1) / 2;
  return ((inOrder[Math.floor(at)] ?? Number.NaN) + (inOrder[Math.ceil(at)] ?? Number.NaN)) / 2;
}

/** Three significant digits, the point where it belongs. */
const short = (value: number): string =>
  !Number.isFinite(value) ? '-' : Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);

function spread(values: readonly number[]): string {
  const inOrder = sorted(values);
  const middle = short(median(values));
  return values.length < 2 ? middle : `${middle} (${short(inOrder[0] ?? 0)} – ${short(inOrder.at(-1) ?? 0)})`;
}

export function figureTable(figures: readonly Figure[]): string {
  const table = new Table({ head: ['scenario', 'figure', 'median (least – most)', 'limit', 'ratio'], ...plain });
  for (const { scenario, name, unit, runs, limit } of figures) {
    const limited = limit === undefined ? ['', ''] : [`${spread(limit.runs)}: ${limit.name}`, ratio(runs, limit.runs)];
    table.push([scenario, name, `${spread(runs)} ${unit}`, ...limited]);
  }
  return table.toString();
}

/** Of the medians. Above 1 for a time that is longer than its limit. */
const ratio = (runs: readonly number[], limits: readonly number[]): string =>
  (median(runs) / median(limits)).toFixed(2);

export function loadTable(lines: readonly LoadLine[]): string {
  const head = [
    'scenario',
    'load',
    'acked/s',
    'copies/s',
    'refused/s',
    'ack ms p50 / p99 / p99.9',
    'delivery ms',
    'cores',
  ];
  const table = new Table({ head, ...plain });
  for (const { scenario, load, runs } of lines) {
    table.push([
      scenario,
      load,
      spread(runs.map(({ ackedPerSecond }) => ackedPerSecond)),
      spread(runs.map(({ copiesPerSecond }) => copiesPerSecond)),
      spread(runs.map(({ refusedPerSecond }) => refusedPerSecond)),
      times(runs.map(({ ackMs }) => ackMs)),
      times(runs.map(({ deliveryMs }) => deliveryMs)),
      cores(runs),
    ]);
  }
  return table.toString();
}

const times = (runs: readonly (readonly [number, number, number])[]): string =>
  [0, 1, 2].map((at) => short(median(runs.map((run) => run[at] ?? Number.NaN)))).join(' / ');

function cores(runs: readonly LoadRun[]): string {
  const [first] = runs;
  const parts = Object.keys(first?.cores ?? {});
  return parts.map((part) => `${part} ${median(runs.map((run) => run.cores[part] ?? 0)).toFixed(2)}`).join(', ');
}

/** For a terminal and for a page alike. */
const plain = {
  style: { head: [], border: [], compact: true },
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '|',
    'left-mid': '|',
    mid: '-',
    'mid-mid': '|',
    right: '|',
    'right-mid': '|',
    middle: '|',
  },
};
