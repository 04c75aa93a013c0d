// Which web pages may talk to us. Programs send no Origin and are not asked.

/** Also for a request without an Origin. `host` is the request's own Host header. */
export type OriginCheck = (origin: string, host: string) => boolean;

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** What a browser here believes it talks to: a name from elsewhere that resolves to this machine is not it (DNS rebinding). */
export const isLoopbackHost = (host: string): boolean =>
  URL.canParse(`http://${host}`) && LOOPBACK_HOSTS.has(new URL(`http://${host}`).hostname);

export function createOriginCheck(origins: readonly string[]): OriginCheck {
  const allowed = new Set(origins.map(asBrowsersSay));
  if (allowed.size > 0) return (origin) => origin === '' || allowed.has(origin);
  // Development: pages from this machine and our own page, never any page the developer happens to look at.
  return (origin, host) => origin === '' || isLocal(origin, host);
}

/** Lower case, and no port where it is the scheme's own (RFC 6454 §6.1). */
const asBrowsersSay = (origin: string): string => (URL.canParse(origin) ? new URL(origin).origin : origin);

function isLocal(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return LOOPBACK_HOSTS.has(url.hostname) || url.host === host;
}
