// A collector of traces that keeps what it is told: OTLP over HTTP, in JSON, as the processes under proof send it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** Of the process that sent it. */
  readonly service: string;
  readonly attributes: ReadonlyMap<string, string>;
}

export interface TraceCollector extends AsyncDisposable {
  /** Where spans are sent. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
}

export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString()) as Exported));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface ExportedSpan extends Pick<CollectedSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'name'> {
  readonly attributes: readonly Attribute[];
}

const spansOf = ({ resourceSpans }: Exported): readonly CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = toMap(resource.attributes).get('service.name') ?? '';
    const inScopes = scopeSpans.flatMap(({ spans }) => spans);
    return inScopes.map((span) => ({ ...span, service, attributes: toMap(span.attributes) }));
  });

const toMap = (attributes: readonly Attribute[]): ReadonlyMap<string, string> =>
  new Map(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
