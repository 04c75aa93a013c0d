// How a process comes to its connection: to one server or a cluster, with a password or a credentials file, over TLS or not,
// waiting a bounded time for a NATS that starts later than it does.
import type { World } from '@parley/domain';
import {
  AuthorizationError,
  connect,
  credsAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type ConnectionOptions,
  type NatsConnection,
} from '@nats-io/transport-node';
import { Connection } from './connection.ts';
import { inboxPrefix, type Role } from './permissions.ts';

export interface NatsConnectionOptions {
  readonly servers: string | readonly string[];
  /** For operators: `nats server report connections` shows it. */
  readonly name: string;
  /** Whose inbox to use; without permissions any will do. */
  readonly role?: Role;
  readonly credentials?: NatsCredentials;
  /** Given, and be it empty, the connection is encrypted or does not come about. */
  readonly tls?: NatsTls;
  /** Without it, servers that cannot be reached now are an error. */
  readonly wait?: { readonly world: World; readonly msMax: number };
}

type NatsCredentials =
  | { readonly user: string; readonly password: string }
  /** Of a credentials file: a user's JWT and its nkey seed, as `nsc` writes them. */
  | { readonly content: string };

/** In PEM. Without `ca` the machine's own authorities count. */
interface NatsTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** No server could be used: none was there, or TLS failed, or our credentials were refused. The message says which. */
export class NatsUnreachable extends Error {
  override readonly name = 'NatsUnreachable';
}

/** What is sent to a server that went silent is lost after this times two; a dead one is noticed at once by TCP. */
const pingIntervalMs = 5_000;
const reconnectWaitMs = 100;
/** For one server's handshake. */
const handshakeMsMax = 5_000;
const firstConnectPauseMs = 250;

/**
 * Once connected it reconnects for ever. What is published while the link is down is dropped by the client library, except in
 * the moment of the handshake, where it may be sent afterwards, unnoticed: harmless to the log only because every event carries
 * an idempotency key and a not-after, and avoided by asking `isUp` first.
 */
export async function connectNats(options: NatsConnectionOptions): Promise<Connection> {
  const { wait, name, role } = options;
  const deadlineTs = wait && wait.world.now() + wait.msMax;
  for (;;) {
    try {
      const prefix = role === undefined ? '_INBOX' : inboxPrefix(role);
      return new Connection(await connectOnce(options, prefix), { name, inboxPrefix: prefix });
    } catch (cause) {
      const isLate = wait === undefined || deadlineTs === undefined || wait.world.now() >= deadlineTs;
      if (isLate || cause instanceof AuthorizationError) throw unreachable(options, cause);
      await wait.world.sleep(firstConnectPauseMs);
    }
  }
}

/**
 * The client library, when it is to reconnect, waits in silence at a server that hangs up within the handshake (TLS without our
 * certificate): so a first connection, which is not to reconnect, shows what is wrong.
 */
async function connectOnce(options: NatsConnectionOptions, prefix: string): Promise<NatsConnection> {
  const lasting = libraryOptions(options, prefix);
  const probe = await connect({ ...lasting, reconnect: false });
  await probe.close();
  return connect(lasting);
}

function libraryOptions({ servers, name, credentials, tls }: NatsConnectionOptions, prefix: string): ConnectionOptions {
  return {
    servers: [servers].flat(),
    name,
    inboxPrefix: prefix,
    ...(credentials && { authenticator: authenticator(credentials) }),
    ...(tls && { tls }),
    // Without stack traces for every request the publish rate doubles (docs/jetstream.md).
    noAsyncTraces: true,
    timeout: handshakeMsMax,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectWaitMs,
    pingInterval: pingIntervalMs,
  };
}

function authenticator(credentials: NatsCredentials): Authenticator {
  if ('user' in credentials) return usernamePasswordAuthenticator(credentials.user, credentials.password);
  return credsAuthenticator(Buffer.from(credentials.content));
}

function unreachable({ servers, credentials, wait }: NatsConnectionOptions, cause: unknown): NatsUnreachable {
  const where = [servers].flat().join(', ');
  const why = cause instanceof Error ? cause.message.trim() : String(cause);
  if (cause instanceof AuthorizationError) {
    return new NatsUnreachable(`NATS at ${where} refuses ${whom(credentials)}: ${why}`, { cause });
  }
  const waited = wait === undefined ? '' : ` within ${wait.msMax / 1_000} s`;
  return new NatsUnreachable(`no NATS server could be reached${waited} at ${where}: ${why}`, { cause });
}

function whom(credentials: NatsCredentials | undefined): string {
  if (credentials === undefined) return 'a connection without credentials';
  return 'user' in credentials ? `user "${credentials.user}"` : 'the user of the credentials file';
}
