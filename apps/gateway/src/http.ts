// HTTP over uWebSockets.js as plain values: a request in, an answer out. What the calls mean is `rest/`.
import { STATUS_CODES } from 'node:http';
import type { HttpRequest as UwsRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { GatewayLogger } from './dependencies.ts';
import { inBackground } from './failures.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** It came from this machine. */
  readonly isLoopback: boolean;
  /** Undefined: larger than allowed. Empty where no body is expected. */
  readonly body: Promise<Uint8Array | undefined>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface HttpService {
  /** 0: no body is expected, and whatever comes is thrown away. */
  bodyBytesMax(method: string, path: string): number;
  /** Never rejects. */
  answer(request: HttpRequest): Promise<HttpAnswer>;
}

/** A body that is too large is still read, so that the client reads our answer; beyond this many times its limit, it is cut. */
const oversizeFactorMax = 16;

export function serveHttp(app: TemplatedApp, service: HttpService, logger: GatewayLogger): void {
  app.any('/*', (response, request) => {
    const aborting = new AbortController();
    response.onAborted(() => aborting.abort());
    // The request is gone when this function returns; so is what is not read of the body by then.
    const asked = readRequest({ request, response, aborted: aborting.signal }, service);
    const answering = service.answer(asked).then((answer) => {
      if (!aborting.signal.aborted) response.cork(() => writeAnswer(response, answer, asked.method));
    });
    inBackground(logger, answering, 'http');
  });
}

interface Exchange {
  readonly request: UwsRequest;
  readonly response: HttpResponse;
  readonly aborted: AbortSignal;
}

function readRequest({ request, response, aborted }: Exchange, service: HttpService): HttpRequest {
  const method = request.getCaseSensitiveMethod();
  const path = request.getUrl();
  const bytesMax = service.bodyBytesMax(method, path);
  return {
    method,
    path,
    query: request.getQuery(),
    headers: readHeaders(request),
    isLoopback: isLoopback(Buffer.from(response.getRemoteAddressAsText()).toString()),
    body: bytesMax === 0 ? Promise.resolve(new Uint8Array()) : readBody({ response, aborted }, bytesMax),
  };
}

export function readHeaders(request: UwsRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  request.forEach((name, value) => {
    headers[name] = value;
  });
  return headers;
}

function readBody({ response, aborted }: Omit<Exchange, 'request'>, bytesMax: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    aborted.addEventListener('abort', () => resolve(undefined)); // nobody is left to answer
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    response.onData((chunk, isLast) => {
      bytes += chunk.byteLength;
      // The chunk is only lent.
      if (bytes <= bytesMax) chunks.push(new Uint8Array(chunk.slice(0)));
      if (isLast) resolve(bytes <= bytesMax ? Buffer.concat(chunks) : undefined);
      else if (bytes > bytesMax * oversizeFactorMax) response.close();
    });
  });
}

/** The response must be corked. */
export function writeAnswer(response: HttpResponse, { status, headers, body = '' }: HttpAnswer, method = 'GET'): void {
  response.writeStatus(`${status} ${STATUS_CODES[status] ?? ''}`);
  for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
  // 204 and answers to HEAD have no body (RFC 9110 §9.3.2, §15.3.5).
  if (status === 204) response.endWithoutBody();
  else if (method === 'HEAD') response.endWithoutBody(Buffer.byteLength(body));
  else response.end(body);
}

/** IPv4 addresses may come inside an IPv6 one. */
function isLoopback(address: string): boolean {
  return (
    address === '0000:0000:0000:0000:0000:0000:0000:0001' ||
    address === '::1' ||
    /^(.*:)?127\.\d+\.\d+\.\d+$/.test(address)
  );
}
