// What of Prometheus a query asks for: its series, by name, with the labels it names. Enough of the language to check our own
// queries against a table or a scrape, no more: promtool reads them in earnest.

export interface AskedSeries {
  /** As exposed: a histogram's ends in `_bucket`, `_count` or `_sum`. */
  readonly name: string;
  readonly labels: readonly string[];
}

const SERIES = /\b(parley_[a-z0-9_]+)(?:\{([^}]*)\})?/g;
const GROUPED = /\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g;
const MATCHED = /([a-z_]+)\s*(?:=~|!~|!=|=)/g;

/** Labels every target has, or the language gives. */
const GIVEN = new Set(['instance', 'job', 'le', 'region']);

/** Those of its selectors, each with its own labels; where the query groups, each has the labels of the grouping besides. */
export function seriesAskedFor(query: string): readonly AskedSeries[] {
  const grouped = [...query.matchAll(GROUPED)].flatMap(([, labels = '']) =>
    labels.split(',').map((each) => each.trim()),
  );
  return [...query.matchAll(SERIES)].map(([, name = '', matchers = '']) => {
    const matched = [...matchers.matchAll(MATCHED)].map(([, label = '']) => label);
    return {
      name,
      labels: [...new Set([...matched, ...grouped])].filter((label) => label !== '' && !GIVEN.has(label)),
    };
  });
}

/** The same query, of one region or all: `$region` is a variable of the dashboard. */
export const inRegion = (query: string): string =>
  query.replaceAll(
    SERIES,
    (_, name: string, matchers = '') =>
      `${name}{${[matchers, 'region=~"$region"'].filter((each) => each !== '').join(',')}}`,
  );
