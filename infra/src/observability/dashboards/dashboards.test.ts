import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { METRIC_TABLE } from '../metric-table.ts';
import { grafanaFiles } from './grafana.ts';
import { DASHBOARDS } from './panels.ts';
import { inRegion, seriesAskedFor, type AskedSeries } from './promql.ts';

const root = path.join(import.meta.dirname, '../../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Rules {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: { readonly runbook: string };
}

const rules = (parse(read('infra/deploy/alerts/parley.yaml')) as Rules).groups.flatMap((group) => group.rules);
const alerts = rules.flatMap(({ alert, annotations }) => (alert === undefined ? [] : [{ alert, annotations }]));
const queries = DASHBOARDS.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries.map(([, query]) => query)));

const exposed = new Map<string, readonly string[]>(
  Object.values(METRIC_TABLE).flatMap(({ name, kind, labels }) =>
    (kind === 'histogram' ? ['_bucket', '_count', '_sum'] : ['']).map(
      (suffix) => [`${name}${suffix}`, labels] as const,
    ),
  ),
);

const unknown = ({ name, labels }: AskedSeries): boolean =>
  !exposed.has(name) || labels.some((label) => !exposed.get(name)?.includes(label));

describe('what is asked of Prometheus', () => {
  it('is exposed by name and label, in every panel and every rule', () => {
    const asked = [...queries, ...rules.map(({ expr }) => expr)].flatMap(seriesAskedFor);
    expect(asked.length).toBeGreaterThan(60);
    expect(asked.filter(unknown)).toEqual([]);
  });

  it('is every metric there is, in one panel or another', () => {
    const asked = new Set(queries.flatMap(seriesAskedFor).map(({ name }) => name.replace(/_(bucket|count|sum)$/, '')));
    expect(Object.values(METRIC_TABLE).filter(({ name }) => !asked.has(name))).toEqual([]);
  });
});

describe('the dashboards of Grafana', () => {
  it.each([...grafanaFiles()])('%s is what the panels say (run: npm run docs)', (file, text) => {
    expect(read(file), 'run: npm run docs').toBe(text);
  });
});

describe('an alert', () => {
  it('has a section of the runbook, and each section there an alert', () => {
    const sections = [...read('docs/runbook.md').matchAll(/^## (Parley\w+)$/gm)].map(([, name = '']) => name);
    expect(sections.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
    for (const { alert, annotations } of alerts) {
      expect(annotations?.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    }
  });

  it('is tried', () => {
    const tried = read('infra/deploy/alerts/parley.test.yaml') + read('infra/deploy/alerts/parley-budget.test.yaml');
    const fires = new Set([...tried.matchAll(/- alertname: (\w+)/g)].map(([, name]) => name));
    expect(alerts.filter(({ alert }) => !fires.has(alert))).toEqual([]);
  });
});

describe('the series of a query', () => {
  it('are found with their labels and those of a grouping', () => {
    expect(
      seriesAskedFor('sum by (le, reader) (rate(parley_a_seconds_bucket{shard="1",x=~"a|b"}[5m])) / parley_b'),
    ).toEqual([
      { name: 'parley_a_seconds_bucket', labels: ['shard', 'x', 'reader'] },
      { name: 'parley_b', labels: ['reader'] },
    ]);
  });

  it('can be narrowed to a region', () => {
    expect(inRegion('rate(parley_a{x="1"}[5m]) / parley_b')).toBe(
      'rate(parley_a{x="1",region=~"$region"}[5m]) / parley_b{region=~"$region"}',
    );
  });
});
