// The small HTTP server for operators, on loopback unless told otherwise: metrics, and whether the process lives and takes work.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Readiness } from '@parley/protocol';

export interface AdminServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metricsText: () => Promise<string>;
  /** Why it does not take work; none: it does. */
  readonly ready: () => readonly string[];
}

export interface AdminServer extends AsyncDisposable {
  readonly url: string;
}

/** Rejects when the port is in use. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { host } = options;
  const server = createServer(({ method, url }, response) => {
    answer(options, { method, path: url?.split('?')[0] }).then(
      (answered) => send(response, answered),
      (error: unknown) => send(response, { status: 500, text: `${String(error)}\n` }),
    );
  });
  server.listen(options.port, host);
  await once(server, 'listening').catch((error: unknown) => {
    throw new Error(
      `cannot listen on ${host}:${options.port}: the port is taken; set PARLEY_ADMIN_PORT to another (0: any free one)`,
      { cause: error },
    );
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : options.port;
  return {
    url: `http://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Answered {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

interface Asked {
  readonly method: string | undefined;
  readonly path: string | undefined;
}

async function answer({ metricsText, ready }: AdminServerOptions, { method, path }: Asked): Promise<Answered> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'GET only\n' };
  switch (path) {
    case '/metrics':
      return { status: 200, text: await metricsText(), type: 'text/plain; version=0.0.4; charset=utf-8' };
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/readyz':
      return readiness(ready());
    default:
      return { status: 404, text: 'there are /metrics, /healthz and /readyz\n' };
  }
}

function readiness(reasons: readonly string[]): Answered {
  const body: Readiness = reasons.length === 0 ? { status: 'ready' } : { status: 'not_ready', reasons };
  return json(reasons.length === 0 ? 200 : 503, body);
}

const json = (status: number, body: object): Answered => ({
  status,
  text: JSON.stringify(body),
  type: 'application/json',
});

const send = (response: ServerResponse, { status, text, type = 'text/plain; charset=utf-8' }: Answered): void =>
  void response.writeHead(status, { 'content-type': type }).end(text);
