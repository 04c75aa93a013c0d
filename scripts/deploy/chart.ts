// The chart as Helm renders it, and what of its values can be seen without rendering.
import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import type { Manifest } from './manifest-rules.ts';
import { provided, run } from './programs.ts';
import { unknownKeys } from './settings.ts';

const chart = 'infra/deploy/helm/parley';

/** With the chart's own values, or some of them replaced. Throws what Helm says. */
export async function renderChart(values?: string): Promise<readonly Manifest[]> {
  const args = ['template', 'parley', chart, ...(values === undefined ? [] : ['--values', values])];
  const { isGood, output } = await run(provided('PARLEY_TEST_HELM'), args);
  if (!isGood) throw new Error(output);
  return parseAllDocuments(output).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
}

interface Values {
  readonly settings: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, object>>;
}

/** The roles the schema allows are those of the values; every key is one of docs/configuration.md. */
export function chartFaults(): readonly string[] {
  const values = parse(readFileSync(`${chart}/values.yaml`, 'utf8')) as Values;
  const keys = [...Object.keys(values.settings), ...Object.keys(values.secrets)];
  return unknownKeys(keys).map((key) => `values.yaml: there is no key ${key}`);
}
