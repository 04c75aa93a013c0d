// How a session begins: the query of `GET /v1/ws` and the subprotocols.
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { explain } from './explain.ts';
import { ID_PATTERN } from './ids.ts';
import { refusalToError, type WireError } from './refusals.ts';
import type { Wire } from './wire.ts';

export const WEBSOCKET_PATH = '/v1/ws';
export const SUBPROTOCOL = 'chat.v1';
/** Browsers offer `bearer.<JWT>` beside it; it is never echoed. */
export const BEARER_SUBPROTOCOL_PREFIX = 'bearer.';

const id = Type.Optional(Type.String({ pattern: ID_PATTERN }));

export const ConnectQuerySchema = Type.Object({
  device: id,
  session: id,
  platform: Type.Optional(Type.Enum(['ios', 'android', 'web', 'desktop', 'bot'])),
});
export type ConnectQuery = Wire<typeof ConnectQuerySchema>;

const check = Compile(ConnectQuerySchema);

/** Errors are `bad_frame`; they are told before the upgrade, as HTTP 400. */
export function parseConnectQuery(
  query: Readonly<Record<string, string>>,
): { readonly ok: ConnectQuery; readonly error?: never } | { readonly error: WireError; readonly ok?: never } {
  if (check.Check(query)) return { ok: query };
  return { error: refusalToError({ type: 'BadFrame', reason: explain(check.Errors(query), 'query') }) };
}
