// From the text of a request to a handler's typed input, once, at the edge; the twin of `parse-client-frame.ts`.
import type { TObject } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { explain } from '../explain.ts';
import { LIMITS } from '../limits.ts';
import { withLowerCaseId } from '../message-content.ts';
import { refusalToError, type Refusal, type WireError } from '../refusals.ts';
import { newMessageRule, oneAnchorRule } from './messages.ts';
import type { RestLimits, Route } from './route.ts';
import { routeNames, routes, type InputOf, type RouteName } from './routes.ts';

/** A request as an HTTP server has it: everything text but the body, which is decoded JSON. Header names in lower case. */
export interface RawRequest {
  readonly params?: Texts;
  readonly query?: Texts;
  readonly headers?: Texts;
  readonly body?: unknown;
}

type Texts = Readonly<Record<string, string>>;

export type ParsedRequest<Name extends RouteName> =
  | { readonly ok: InputOf<Name>; readonly error?: never }
  | { readonly error: WireError; readonly ok?: never };

/** Never throws. Errors are `bad_frame` and `body_too_large`. */
export function parseRequest<Name extends RouteName>(
  name: Name,
  raw: RawRequest,
  limits: RestLimits = LIMITS,
): ParsedRequest<Name> {
  const values = rawValues(routes[name], raw);
  const wrong = PARTS.map((part) => partProblem(name, part, values[part])).find((problem) => problem !== undefined);
  if (wrong !== undefined) return { error: refusalToError({ type: 'BadFrame', reason: wrong }) };
  // The compiled schemas have just proved it.
  const input = values as InputOf<Name>;
  const refusal = ruleRefusal(name, input, limits);
  return refusal === undefined ? { ok: normalised(name, input) } : { error: refusalToError(refusal) };
}

const PARTS = ['params', 'query', 'headers', 'body'] as const;
type PartName = (typeof PARTS)[number];
type Values = Readonly<Record<PartName, unknown>>;

const rawValues = (route: Route, raw: RawRequest): Values => ({
  params: route.params && (raw.params ?? {}),
  query: route.query && numbersRead(route.query, raw.query ?? {}),
  headers: route.headers && (raw.headers ?? {}),
  body: route.body && raw.body,
});

/** A query has only text: what the schema wants as an integer is read as one; what is none stays text, and fails. */
function numbersRead(schema: TObject, texts: Texts): Readonly<Record<string, unknown>> {
  const isInteger = (key: string) => Object.hasOwn(schema.properties, key) && isIntegerSchema(schema.properties[key]);
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [
      key,
      isInteger(key) && /^[0-9]{1,9}$/.test(text) ? Number(text) : text,
    ]),
  );
}

const isIntegerSchema = (schema: object | undefined): boolean =>
  schema !== undefined && 'type' in schema && schema.type === 'integer';

function partProblem(name: RouteName, part: PartName, value: unknown): string | undefined {
  const check = CHECKS.get(`${name}.${part}`);
  if (check === undefined || check.Check(value)) return undefined;
  return explain(check.Errors(value), part);
}

const CHECKS: ReadonlyMap<string, Pick<Validator, 'Check' | 'Errors'>> = new Map(routeNames.flatMap(compiledParts));

function compiledParts(name: RouteName) {
  const route: Route = routes[name];
  return PARTS.flatMap((part) => {
    const schema = route[part];
    return schema === undefined ? [] : [[`${name}.${part}`, Compile(schema)] as const];
  });
}

function ruleRefusal(name: RouteName, input: unknown, limits: RestLimits): Refusal | undefined {
  switch (name) {
    case 'sendMessage':
      return newMessageRule(input as InputOf<'sendMessage'>, limits);
    case 'listMessages':
      return oneAnchorRule(input as InputOf<'listMessages'>, limits);
    default:
      return undefined;
  }
}

function normalised<Name extends RouteName>(name: Name, input: InputOf<Name>): InputOf<Name> {
  if (name !== 'sendMessage') return input;
  const { body } = input as InputOf<'sendMessage'>;
  return { ...input, body: withLowerCaseId(body) } as InputOf<Name>;
}
