// The OpenAPI 3.1 document, from the table of routes: nothing in it is written by hand twice. Served at /openapi.json.
import type { TObject } from 'typebox';
import { errorRow, type ProblemCode } from './errors.ts';
import { createComponents, type Components, type Json, type JsonObject } from './json-schema.ts';
import { PROBLEM_MEDIA_TYPE, ProblemSchema } from './problem.ts';
import type { Route, RouteResponse } from './rest/route.ts';
import { routeErrors, routeNames, routes } from './rest/routes.ts';

/** What the tables do not know. */
export interface DocumentInfo {
  /** Of this build. */
  readonly version: string;
  /** Where it is served, for OpenAPI: `https://chat.example.org`. */
  readonly url: string;
}

export function buildOpenApi({ version, url }: DocumentInfo): JsonObject {
  const components = createComponents();
  const paths: Record<string, Record<string, Json>> = {};
  for (const name of routeNames) {
    const route: Route = routes[name];
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(name, route, components);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Parley',
      version,
      summary: 'Chat over REST; live over WebSocket.',
      description: 'Frames of the WebSocket are in `/asyncapi.json`. Failures are RFC 9457 problem documents.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url }],
    security: [{ bearer: [] }],
    tags: TAGS,
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: components.schemas(),
    },
  };
}

const TAGS = [
  { name: 'conversations', description: 'Conversations and their members.' },
  { name: 'messages', description: 'Saying and reading.' },
  { name: 'system', description: 'Tokens for trying out, and health.' },
];

function tagOf(path: string): string {
  if (!path.startsWith('/v1/conversations')) return 'system';
  return path.includes('/messages') ? 'messages' : 'conversations';
}

function operation(name: string, route: Route, components: Components): JsonObject {
  const parameters = [
    ...parametersIn('path', route.params, components),
    ...parametersIn('query', route.query, components),
    ...parametersIn('header', route.headers, components),
  ];
  return {
    operationId: name,
    tags: [tagOf(route.path)],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.access === 'bearer' ? {} : { security: [] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: json(components.refer(route.body)) } }),
    responses: { ...successes(route, components), ...failures(route, components) },
  };
}

function parametersIn(place: string, schema: TObject | undefined, components: Components): readonly JsonObject[] {
  if (schema === undefined) return [];
  const required: readonly string[] = schema.required ?? [];
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: components.refer(property),
  }));
}

const successes = (route: Route, components: Components): JsonObject =>
  Object.fromEntries(
    Object.entries(route.responses).map(([status, response]) => [status, success(response, components)]),
  );

const success = ({ description, schema }: RouteResponse, components: Components): JsonObject => ({
  description,
  ...(schema === undefined ? {} : { content: json(components.refer(schema)) }),
});

function failures(route: Route, components: Components): JsonObject {
  const byStatus = Map.groupBy(new Set(routeErrors(route)), (code) => errorRow(code).httpStatus);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [String(status), failure(status, codes, components)]),
  );
}

const failure = (status: number, codes: readonly ProblemCode[], components: Components): JsonObject => ({
  description: codes.map((code) => `\`${code}\`: ${errorRow(code).text}`).join('\n\n'),
  ...(status === 429 ? { headers: { ...RETRY_AFTER, ...RATE_LIMIT } } : {}),
  ...(status === 503 ? { headers: RETRY_AFTER } : {}),
  content: { [PROBLEM_MEDIA_TYPE]: { schema: components.refer(ProblemSchema) } },
});

const header = (description: string) => ({ description, schema: { type: 'integer', minimum: 0 } });

const RETRY_AFTER = { 'Retry-After': header('Seconds.') };
const RATE_LIMIT = {
  'RateLimit-Limit': header('Requests in one window.'),
  'RateLimit-Remaining': header('Requests left in this window.'),
  'RateLimit-Reset': header('Seconds until the next window.'),
};

const json = (schema: JsonObject): JsonObject => ({ 'application/json': { schema } });
