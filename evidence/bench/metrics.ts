// What the measured processes say of themselves (docs/reference/metrics.md).

export interface Bucket {
  /** Upper bound, in seconds. */
  readonly le: number;
  /** Values up to it, so far. */
  readonly count: number;
}

async function fetchMetrics(urls: readonly string[]): Promise<string> {
  const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  return texts.join('\n');
}

/** Events that readers have not applied, all shards and readers together. */
export async function readerLag(urls: readonly string[]): Promise<number> {
  const text = await fetchMetrics(urls);
  const lags = [...text.matchAll(/^parley_reader_lag_events\{([^}]*)\} (\S+)/gm)];
  return lags.reduce((sum, [, labels = '', value]) => sum + (labels.includes('delivery') ? 0 : Number(value)), 0);
}

export async function histogram(urls: readonly string[], name: string): Promise<readonly Bucket[]> {
  const text = await fetchMetrics(urls);
  return [...text.matchAll(new RegExp(`^${name}_bucket\\{[^}]*le="([^"]+)"[^}]*\\} (\\S+)`, 'gm'))].map(
    ([, le, count]) => ({
      le: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
      count: Number(count),
    }),
  );
}

/** Milliseconds at the quantile of what came between the two, linear within a bucket. */
export function quantileBetween(before: readonly Bucket[], after: readonly Bucket[], quantile: number): number {
  const counts = after.map(({ le, count }, at) => ({ le, count: count - (before[at]?.count ?? 0) }));
  const wanted = (counts.at(-1)?.count ?? 0) * quantile;
  let [lower, below] = [0, 0];
  for (const { le, count } of counts) {
    if (count >= wanted && count > below) {
      const part = (wanted - below) / (count - below);
      return (Number.isFinite(le) ? lower + (le - lower) * part : lower) * 1_000;
    }
    [lower, below] = [le, count];
  }
  return Number.NaN;
}
