// infra/deploy/grafana/*.json, from the panels: what Grafana imports, with the data source and the region to be chosen.
import { DASHBOARDS, type Dashboard, type Panel } from './panels.ts';
import { inRegion } from './promql.ts';

const width = 12;
const height = 8;

/** By path in the repository. */
export const grafanaFiles = (): ReadonlyMap<string, string> =>
  new Map(DASHBOARDS.map((dashboard) => [`infra/deploy/grafana/${dashboard.name}.json`, fileOf(dashboard)]));

const fileOf = (dashboard: Dashboard): string => `${JSON.stringify(toGrafana(dashboard), undefined, 2)}\n`;

const datasource = { type: 'prometheus', uid: '${datasource}' };

const toGrafana = ({ name, title, panels }: Dashboard) => ({
  uid: `parley-${name}`,
  title,
  tags: ['parley'],
  schemaVersion: 39,
  editable: true,
  refresh: '30s',
  time: { from: 'now-1h', to: 'now' },
  templating: { list: [datasourceVariable, regionVariable] },
  panels: panels.map(toPanel),
});

const datasourceVariable = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' };

/** `.*` also matches series without a region. */
const regionVariable = {
  name: 'region',
  label: 'Region',
  type: 'query',
  datasource,
  query: { query: 'label_values(parley_process_cpu_seconds_total, region)', refId: 'region' },
  refresh: 2,
  includeAll: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
};

const toPanel = ({ title, unit, text, queries }: Panel, index: number) => ({
  id: index + 1,
  type: 'timeseries',
  title,
  ...(text !== undefined && { description: text }),
  datasource,
  gridPos: { x: (index % 2) * width, y: Math.floor(index / 2) * height, w: width, h: height },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
  targets: queries.map(([legend, query], number) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + number),
    datasource,
    expr: inRegion(query),
    legendFormat: legend,
  })),
});
