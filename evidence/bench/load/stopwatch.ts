// Latencies, in microseconds: one monotonic clock for all processes of this machine, and HDR histograms that travel between them.
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

const longestUs = 120_000_000;

/** CLOCK_MONOTONIC: the same in every process of the machine. */
export const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);

export const createHistogram = (): Histogram =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: longestUs, numberOfSignificantValueDigits: 3 });

export function record(histogram: Histogram, latencyUs: number): void {
  histogram.recordValue(Math.min(longestUs, Math.max(1, Math.round(latencyUs))));
}

/** As text, for a message to another process. */
export const packHistogram = (histogram: Histogram): string => encodeIntoCompressedBase64(histogram);

/** Milliseconds; NaN of no values. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function quantilesOf(packed: readonly string[]): Quantiles {
  const all = createHistogram();
  for (const text of packed) all.add(decodeFromCompressedBase64(text));
  const at = (percentile: number): number =>
    all.totalCount === 0 ? Number.NaN : all.getValueAtPercentile(percentile) / 1_000;
  return { count: all.totalCount, p50: at(50), p99: at(99), p999: at(99.9), max: at(100) };
}
