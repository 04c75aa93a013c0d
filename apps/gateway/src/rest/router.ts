// A path and a method to a row of the routes' table.
import { routeNames, routes, type Route, type RouteName } from '@parley/protocol';

export type Match =
  | { readonly type: 'route'; readonly name: RouteName; readonly params: Readonly<Record<string, string>> }
  /** There is such a path, for these methods. */
  | { readonly type: 'other-method'; readonly allow: readonly string[] }
  | { readonly type: 'none' };

interface Row {
  readonly name: RouteName;
  readonly method: string;
  readonly segments: readonly string[];
}

const ROWS: readonly Row[] = routeNames.map((name) => {
  const { method, path }: Route = routes[name];
  return { name, method, segments: path.split('/') };
});

export function matchRoute(method: string, path: string): Match {
  const segments = path.split('/');
  const rows = ROWS.filter((row) => isOnPath(row, segments));
  const row = rows.find((one) => one.method === method);
  if (row) return { type: 'route', name: row.name, params: paramsOf(row, segments) };
  return rows.length === 0 ? { type: 'none' } : { type: 'other-method', allow: rows.map((one) => one.method) };
}

const isOnPath = (row: Row, segments: readonly string[]): boolean =>
  row.segments.length === segments.length &&
  row.segments.every((segment, index) => (isParameter(segment) ? segments[index] !== '' : segment === segments[index]));

const isParameter = (segment: string): boolean => segment.startsWith('{');

/** Not decoded: an id has no character that needs it, and what is encoded is no id. */
const paramsOf = (row: Row, segments: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    row.segments.flatMap((segment, index) =>
      isParameter(segment) ? [[segment.slice(1, -1), segments[index] ?? '']] : [],
    ),
  );
