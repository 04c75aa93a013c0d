// Who may open a WebSocket: everything that is decided before the upgrade, so that a refusal is an HTTP answer.
import type { UserId } from '@parley/domain';
import {
  BEARER_SUBPROTOCOL_PREFIX,
  parseConnectQuery,
  refusalToError,
  type ConnectQuery,
  type WireError,
} from '@parley/protocol';
import type { OriginCheck } from './auth/origins.ts';
import type { Identity, TokenVerifier } from './auth/tokens.ts';
import { formatOf, JSON_FORMAT, subprotocolsSpoken, type Format } from './formats.ts';

export interface UpgradeRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
}

export type UpgradeDecision =
  | { readonly type: 'admitted'; readonly client: UpgradingClient }
  | { readonly type: 'refused'; readonly error: WireError | 'unauthenticated' };

interface UpgradingClient extends Identity {
  readonly userId: UserId;
  readonly query: ConnectQuery;
  readonly format: Format;
  /** What is answered: empty when the client, no browser, offered none. */
  readonly subprotocol: string;
}

export interface UpgradeRules {
  readonly tokens: TokenVerifier;
  readonly isAllowedOrigin: OriginCheck;
  /** Why no socket may be opened now. */
  notReady(): readonly string[];
}

/** How long a client that came too early, or to a gateway that leaves, is to wait. */
const notReadyRetryMs = 1_000;

export async function decideUpgrade(rules: UpgradeRules, { headers, query }: UpgradeRequest): Promise<UpgradeDecision> {
  if (!rules.isAllowedOrigin(headers['origin'] ?? '', headers['host'] ?? '')) {
    return refused(refusalToError({ type: 'Forbidden', reason: 'this origin is not allowed' }));
  }
  const offered = subprotocols(headers['sec-websocket-protocol'] ?? '');
  const identity = await rules.tokens.verify(tokenOf(headers['authorization'], offered));
  if (!identity) return refused('unauthenticated');
  const parsed = parseConnectQuery(Object.fromEntries(new URLSearchParams(query)));
  if (parsed.error) return refused(parsed.error);
  const format = offered.length === 0 ? JSON_FORMAT : formatOf(offered);
  if (!format) return refused(refusalToError({ type: 'BadFrame', reason: noSubprotocol }));
  if (rules.notReady().length > 0)
    return refused(refusalToError({ type: 'Unavailable', retryAfterMs: notReadyRetryMs }));
  const subprotocol = offered.length === 0 ? '' : format.subprotocol;
  return { type: 'admitted', client: { ...identity, query: parsed.ok, format, subprotocol } };
}

const noSubprotocol = `subprotocol: must offer ${subprotocolsSpoken}`;

const refused = (error: WireError | 'unauthenticated'): UpgradeDecision => ({ type: 'refused', error });

const subprotocols = (header: string): readonly string[] =>
  header.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));

function tokenOf(authorization: string | undefined, offered: readonly string[]): string {
  if (authorization !== undefined) return bearerToken(authorization);
  const carrier = offered.find((name) => name.startsWith(BEARER_SUBPROTOCOL_PREFIX));
  return carrier?.slice(BEARER_SUBPROTOCOL_PREFIX.length) ?? '';
}

/** Empty when there is none; the scheme's name has no case (RFC 9110 §11.1). */
export const bearerToken = (authorization: string): string => /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
