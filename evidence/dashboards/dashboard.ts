// What we read of a dashboard's file, and its expressions and legends as Grafana would make them: with variables, and the interval
// that it chooses for rates. Not a Grafana: only what our own files use.

export interface Dashboard {
  readonly title: string;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
}

interface Variable {
  readonly name: string;
  readonly allValue?: string;
  readonly current?: { readonly value: string };
}

export interface Panel {
  readonly title: string;
  readonly gridPos: GridPosition;
  readonly fieldConfig: { readonly defaults: { readonly unit: string; readonly min?: number } };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** In columns, of which a dashboard is 24 wide, and rows. */
export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Resolution {
  readonly stepSeconds: number;
  readonly scrapeSeconds: number;
}

/** By name: what Grafana gives, and the dashboard's own variables as they stand when it is opened. */
export function variablesOf(dashboard: Dashboard, resolution: Resolution): ReadonlyMap<string, string> {
  return new Map([
    ['__interval', `${resolution.stepSeconds}s`],
    ['__rate_interval', `${rateSeconds(resolution)}s`],
    ...dashboard.templating.list.flatMap(valueOf),
  ]);
}

/** As Grafana documents `$__rate_interval`: no window holds fewer than four scrapes. */
const rateSeconds = ({ stepSeconds, scrapeSeconds }: Resolution): number =>
  Math.max(stepSeconds + scrapeSeconds, 4 * scrapeSeconds);

/** A variable that has no value yet, as the data source, is none that an expression could name. */
function valueOf({ name, allValue, current }: Variable): readonly [string, string][] {
  const value = current?.value === '$__all' ? allValue : current?.value;
  return value === undefined ? [] : [[name, value]];
}

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g;

/** Throws at a variable that nobody gives. */
export function substituted(expression: string, variables: ReadonlyMap<string, string>): string {
  return expression.replaceAll(VARIABLE, (written: string, braced?: string, bare?: string) => {
    const value = variables.get(braced ?? bare ?? '');
    if (value === undefined) throw new Error(`nobody gives ${written}, which is asked for in ${expression}`);
    return value;
  });
}

/** A label that the series has not is left empty. */
export const legendOf = (format: string, labels: Readonly<Record<string, string>>): string =>
  format.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? '').trim();
