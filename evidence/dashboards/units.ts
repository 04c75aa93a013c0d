// Values as Grafana writes them, for the units that our panels have.

type Steps = readonly (readonly [from: number, name: string])[];

const SECONDS: Steps = [
  [3_600, ' h'],
  [60, ' min'],
  [1, ' s'],
  [1e-3, ' ms'],
  [1e-6, ' µs'],
];
const THOUSANDS: Steps = [
  [1e9, ' G'],
  [1e6, ' M'],
  [1e3, ' K'],
  [1, ''],
];
const BYTES: Steps = [
  [1_024 ** 3, ' GiB'],
  [1_024 ** 2, ' MiB'],
  [1_024, ' KiB'],
  [1, ' B'],
];
const BYTES_PER_SECOND: Steps = [
  [1e6, ' MB/s'],
  [1e3, ' kB/s'],
  [1, ' B/s'],
];

const UNITS: Readonly<Record<string, (value: number) => string>> = {
  short: (value) => scaled(value, THOUSANDS),
  s: (value) => scaled(value, SECONDS),
  bytes: (value) => scaled(value, BYTES),
  Bps: (value) => scaled(value, BYTES_PER_SECOND),
  reqps: (value) => `${scaled(value, THOUSANDS)} req/s`,
  ops: (value) => `${scaled(value, THOUSANDS)} ops/s`,
  percentunit: (value) => `${digits(value * 100)}%`,
};

/** Throws at a unit that no panel of ours had yet. */
export function withUnit(unit: string): (value: number) => string {
  const write = UNITS[unit];
  if (!write) throw new Error(`nobody wrote down how Grafana writes ${unit}`);
  return write;
}

/** Of zero the unit does not matter; what is below the smallest step is told in it. */
function scaled(value: number, steps: Steps): string {
  const [from, name] = steps.find(([least]) => Math.abs(value) >= least) ?? steps.at(-1) ?? [1, ''];
  return value === 0 ? '0' : `${digits(value / from)}${name}`;
}

/** Ticks of an axis carry the errors of adding up. */
const digits = (value: number): string => String(Number(value.toPrecision(3)));
