// What is served as it is: the API's own descriptions, and the page at `/`. No script or style from elsewhere.
import {
  buildAsyncApi,
  buildOpenApi,
  CLIENT_FRAMES,
  routeNames,
  routes,
  SERVER_FRAMES,
  type DocumentInfo,
  type Route,
} from '@parley/protocol';
import type { StaticPage } from '../dependencies.ts';
import type { HttpAnswer } from '../http.ts';

/** `host` is the request's own: behind a proxy, the one that clients know. */
export type Page = (host: string) => HttpAnswer;

export function createPages(version: string, page: StaticPage | undefined): ReadonlyMap<string, Page> {
  const infoOf = (host: string): DocumentInfo => ({ version, url: `http://${host}` });
  const docs = content('text/html; charset=utf-8', docsHtml());
  const pages = new Map<string, Page>([
    ['/openapi.json', oncePerHost((host) => document(buildOpenApi(infoOf(host))))],
    ['/asyncapi.json', oncePerHost((host) => document(buildAsyncApi(infoOf(host))))],
    ['/docs', () => docs],
  ]);
  if (page) pages.set('/', () => content(page.contentType, page.body));
  return pages;
}

/** Kept for the last host: there is one. */
function oncePerHost(make: Page): Page {
  let made: { readonly host: string; readonly answer: HttpAnswer } | undefined;
  return (host) => {
    if (made?.host !== host) made = { host, answer: make(host) };
    return made.answer;
  };
}

const document = (value: object): HttpAnswer => content('application/json', JSON.stringify(value));

const content = (contentType: string, body: string | Uint8Array): HttpAnswer => ({
  status: 200,
  headers: { 'content-type': contentType },
  body,
});

function docsHtml(): string {
  const calls = routeNames.map((name) => callRow(routes[name]));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Parley API</title>
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0;vertical-align:top}</style>
<h1>Parley API</h1>
<p>For programs: <a href="/openapi.json">OpenAPI</a> and <a href="/asyncapi.json">AsyncAPI</a>.</p>
<h2>REST</h2>
<table>${calls.join('\n')}</table>
<h2>WebSocket: frames from clients</h2>
<table>${frameRows(CLIENT_FRAMES)}</table>
<h2>WebSocket: frames from the server</h2>
<table>${frameRows(SERVER_FRAMES)}</table>
</html>
`;
}

const callRow = ({ method, path, summary }: Route): string =>
  `<tr><td><code>${method} ${escapeHtml(path)}</code><td>${escapeHtml(summary)}`;

const frameRows = (frames: Readonly<Record<string, object>>): string =>
  Object.entries(frames)
    .map(([name, schema]) => `<tr><td><code>${name}</code><td>${escapeHtml(descriptionOf(schema))}`)
    .join('\n');

const descriptionOf = (schema: object): string =>
  'description' in schema && typeof schema.description === 'string' ? schema.description : '';

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
