// A REST call over the same network: it may never arrive, and its answer may never come.
import type { HttpRequest } from '@parley/gateway/core';
import type { Chance } from './chance.ts';
import type { Cluster } from './cluster.ts';
import type { Fleet } from './fleet.ts';

export interface Request {
  readonly user: string;
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Caller {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly chance: Chance;
}

const timeoutMs = 9_000;

/** Undefined: nobody answered, and it may have been done. */
export function call(caller: Caller, request: Request): Promise<Answer | undefined> {
  const late = caller.cluster.sleep(timeoutMs).then(() => undefined);
  return Promise.race([answerOf(caller, request), late]);
}

/** Never resolves when the gateway dies over it. */
async function answerOf({ cluster, fleet, chance }: Caller, request: Request): Promise<Answer | undefined> {
  const travel = (): Promise<void> =>
    cluster.sleep(chance.between(1, 20) + chance.number() * cluster.health.clientSlowMs);
  const gateway = fleet.gateway(chance.whole(0, 1));
  await travel();
  const answer = gateway?.node.isAlive ? await gateway.core.http.answer(toHttp(request)) : undefined;
  await travel();
  if (!answer) return undefined;
  const text = answer.body === undefined || answer.body === '' ? '{}' : Buffer.from(answer.body).toString();
  return { status: answer.status, body: JSON.parse(text) as Answer['body'] };
}

function toHttp({ method, path, query = '', body, user, headers }: Request): HttpRequest {
  const bytes = body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body));
  return {
    method,
    path,
    query,
    headers: { authorization: `Bearer ${user}`, ...headers },
    isLoopback: false,
    body: Promise.resolve(bytes),
  };
}
