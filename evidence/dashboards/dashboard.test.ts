// That the pictures ask what Grafana would ask, and show what was answered where the dashboard says.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { legendOf, substituted, variablesOf, type Dashboard } from './dashboard.ts';
import { fitLegend } from './legend.ts';
import { drawDashboard, rectangleOf, type DrawnPanel } from './picture.ts';
import { withUnit } from './units.ts';

const folder = path.join(import.meta.dirname, '../../infra/deploy/grafana');
const dashboards = readdirSync(folder).map(
  (file): Dashboard => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Dashboard,
);
const resolution = { stepSeconds: 2, scrapeSeconds: 2 };
const span = { seconds: 60, stepSeconds: 2, marks: [{ seconds: 30, what: 'a <kill> & more' }] };

describe('an expression', () => {
  const [dashboard] = dashboards;
  if (!dashboard) throw new Error('no dashboard was found');

  it('is asked for all regions over four scrapes', () => {
    const asked = substituted('rate(a{region=~"$region"}[$__rate_interval])', variablesOf(dashboard, resolution));
    expect(asked).toBe('rate(a{region=~".*"}[8s])');
  });

  it('is asked over a step and a scrape where that is longer', () => {
    const variables = variablesOf(dashboard, { stepSeconds: 60, scrapeSeconds: 15 });
    expect(substituted('[${__rate_interval}] [$__interval]', variables)).toBe('[75s] [60s]');
  });

  it('keeps the dollar of a pattern, and is refused with a variable that nobody gives', () => {
    const variables = variablesOf(dashboard, resolution);
    expect(substituted('a{code=~"5..$"}', variables)).toBe('a{code=~"5..$"}');
    expect(() => substituted('a{pod="$pod"}', variables)).toThrow('nobody gives $pod');
  });

  it('of ours has no variable left', () => {
    const left = dashboards.flatMap((each) => {
      const variables = variablesOf(each, resolution);
      return each.panels.flatMap(({ targets }) => targets.map(({ expr }) => substituted(expr, variables)));
    });
    expect(left.length).toBeGreaterThan(50);
    expect(left.filter((expression) => expression.includes('$'))).toEqual([]);
  });
});

it('names a line by the labels of its series', () => {
  expect(legendOf('p99 {{reader}} of shard {{ shard }}', { reader: 'delivery', shard: '3' })).toBe(
    'p99 delivery of shard 3',
  );
  expect(legendOf('closed {{code}}', {})).toBe('closed');
});

it('puts panels beside and below one another without touching', () => {
  const [first, beside, below] = [
    rectangleOf({ x: 0, y: 0, w: 12, h: 8 }),
    rectangleOf({ x: 12, y: 0, w: 12, h: 8 }),
    rectangleOf({ x: 0, y: 8, w: 24, h: 4 }),
  ];
  expect(beside.top).toBe(first.top);
  expect(beside.left).toBe(first.left + first.width + 8);
  expect(below.top).toBe(first.bottom + 8);
  expect([below.width, below.height]).toEqual([2 * first.width + 8, (first.height - 8) / 2]);
});

it.each([
  ['s', 0.25, '250 ms'],
  ['s', 2.5, '2.5 s'],
  ['s', 90, '1.5 min'],
  ['bytes', 3 * 1_024 ** 2, '3 MiB'],
  ['Bps', 1_500, '1.5 kB/s'],
  ['ops', 0.1 + 0.2, '0.3 ops/s'],
  ['reqps', 2_000, '2 K req/s'],
  ['percentunit', 0.999, '99.9%'],
  ['short', 0, '0'],
])('writes values in %s', (unit, value, written) => {
  expect(withUnit(unit)(value)).toBe(written);
});

it('has no name for a unit that it does not know', () => {
  expect(() => withUnit('celsius')).toThrow('celsius');
});

describe('a legend', () => {
  it('takes one row or two', () => {
    expect(fitLegend(['p50', 'p99'], 560)).toEqual({ names: ['p50', 'p99'], rows: 1 });
    expect(fitLegend(['a'.repeat(60), 'b'.repeat(60)], 560).rows).toBe(2);
  });

  it('leaves out what finds no room', () => {
    const names = Array.from({ length: 64 }, (_, shard) => `delivery of shard ${shard}`);
    const { names: shown, rows } = fitLegend(names, 560);
    expect(rows).toBe(2);
    expect(shown).toEqual(names.slice(0, shown.length));
    expect(shown.length).toBeLessThan(9);
  });
});

describe('a picture', () => {
  const drawn = (panels: readonly DrawnPanel[]): string => drawDashboard({ title: 'A & B' }, panels, span);
  const panel = (lines: DrawnPanel['lines']): DrawnPanel => ({
    title: 'Appends',
    gridPos: { x: 0, y: 0, w: 12, h: 8 },
    fieldConfig: { defaults: { unit: 'ops', min: 0 } },
    lines,
  });
  const texts = (svg: string): readonly string[] =>
    [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);

  it('tells title, unit, legend, and what was done when', () => {
    const line = {
      legend: 'standalone',
      points: [
        [0, 10],
        [2, 20],
        [4, 10],
      ] as const,
    };
    const told = texts(drawn([panel([line])]));
    expect(told).toEqual(expect.arrayContaining(['A &#38; B', 'Appends', '20 ops/s', 'standalone', '0:00', '1']));
    expect(told).toContain('1 at 0:30: a &#60;kill&#62; &#38; more');
    expect(told).not.toContain('No data');
  });

  it('says where there is nothing to show', () => {
    expect(texts(drawn([panel([])]))).toContain('No data');
    expect(texts(drawn([panel([{ legend: 'p99', points: [] }])]))).toContain('No data');
  });

  it('has no line over a gap', () => {
    const line = (...seconds: number[]) => ({ legend: 'p99', points: seconds.map((at) => [at, 1] as const) });
    const strokesOf = (svg: string): number => {
      const [, path = ''] = /<path d="([^"]*)"[^>]*stroke-width="1.5"/.exec(svg) ?? [];
      return path.split('M').length - 1;
    };
    expect(strokesOf(drawn([panel([line(0, 2, 4, 6)])]))).toBe(1);
    expect(strokesOf(drawn([panel([line(0, 2, 8, 10)])]))).toBe(2);
  });

  it('shows a value between two gaps as a dot', () => {
    const alone = (...seconds: number[]): string =>
      drawn([panel([{ legend: 'p99', points: seconds.map((at) => [at, 1] as const) }])]);
    const dots = (svg: string): number => svg.split('<path d="M1 0A1').length - 1;
    expect(dots(alone(0, 2, 4, 20))).toBe(dots(alone(0, 2, 4)) + 1);
  });
});
