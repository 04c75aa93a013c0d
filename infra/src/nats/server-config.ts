// What a nats-server is told: standalone's one, or one of a cluster whose users may do what the table of permissions says. Events
// are synced to disk before every ack, whoever runs it.
import { configText, Variable, type ConfigBlock } from './config-language.ts';
import { grants, ROLES, type Grant, type Role } from './permissions.ts';

export interface ServerSettings {
  readonly name: string | Variable;
  /** `host:port` for clients. */
  readonly listen: string;
  readonly storeDirectory: string | Variable;
  /** How much the streams may take; the server's default is three quarters of the disk. */
  readonly storeBytesMax?: number;
  /** Another than `always` only to fill a log quickly that nobody needs. */
  readonly syncInterval?: string;
  readonly pidFile?: string;
  readonly logFile?: string;
  /** `host:port` of its own pages (`/healthz`, `/varz`), which ask for no password: never a public address. */
  readonly monitor?: string;
  readonly tls?: ServerTlsFiles;
  readonly cluster?: ClusterSettings;
  /** Without, whoever reaches it may do everything. */
  readonly users?: UserSettings;
}

/** PEM files, whose paths the server sees. With `caFile` the other side has to show a certificate, too. */
export interface ServerTlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile?: string;
}

export interface ClusterSettings {
  /** `host:port` for the other servers. */
  readonly listen: string;
  /** `nats://host:port` of all servers, itself included. With a password they hold it, so a variable may stand for the list. */
  readonly routes: readonly string[] | Variable;
  readonly password?: { readonly user: string; readonly password: string | Variable };
  /** Do clients hear of the other servers? They do, unless this is false: then they know those they were told of. */
  readonly advertises?: boolean;
  /** Servers always ask one another for a certificate. */
  readonly tls?: Required<ServerTlsFiles>;
}

/** `system` sees the servers themselves (`nats server …`), and no message. */
export type NatsUser = Role | 'system';

export interface UserSettings {
  readonly shards: number;
  /** In plain text, as bcrypt, or the variable that holds either. */
  readonly password: (user: NatsUser) => string | Variable;
}

/** So that the file can be shown to anyone: the password of each user is in the environment of the server. */
export const passwordVariable = (user: NatsUser): Variable =>
  new Variable(`PARLEY_NATS_${user.toUpperCase()}_PASSWORD`);

const SERVER_LIMITS = {
  /** A delivery batch is the largest message. */
  payloadBytesMax: 8 * 1024 * 1024,
  /** What may wait for one connection, on which all readers of a process catch up side by side, before the server cuts it. */
  pendingBytesMax: 256 * 1024 * 1024,
  logBytesMax: 10 * 1024 * 1024,
  logFilesMax: 3,
} as const;

export function serverConfig(settings: ServerSettings): string {
  const { logFile, tls, cluster, users } = settings;
  return configText({
    server_name: settings.name,
    listen: settings.listen,
    http: settings.monitor,
    max_payload: SERVER_LIMITS.payloadBytesMax,
    max_pending: SERVER_LIMITS.pendingBytesMax,
    pid_file: settings.pidFile,
    ...(logFile !== undefined && {
      log_file: logFile,
      log_size_limit: SERVER_LIMITS.logBytesMax,
      logfile_max_num: SERVER_LIMITS.logFilesMax,
    }),
    jetstream: {
      store_dir: settings.storeDirectory,
      sync_interval: settings.syncInterval ?? 'always',
      max_file_store: settings.storeBytesMax,
    },
    tls: tls && tlsBlock(tls),
    cluster: cluster && clusterBlock(cluster),
    ...(users && accounts(users)),
  });
}

const tlsBlock = ({ certFile, keyFile, caFile }: ServerTlsFiles): ConfigBlock => ({
  cert_file: certFile,
  key_file: keyFile,
  ...(caFile !== undefined && { ca_file: caFile, verify: true }),
});

const clusterBlock = ({ listen, routes, password, advertises = true, tls }: ClusterSettings): ConfigBlock => ({
  name: 'parley',
  listen,
  routes,
  no_advertise: advertises ? undefined : true,
  authorization: password && { user: password.user, password: password.password },
  tls: tls && tlsBlock(tls),
});

const accounts = ({ shards, password }: UserSettings): ConfigBlock => ({
  accounts: {
    PARLEY: {
      jetstream: 'enabled',
      users: ROLES.map((role) => ({
        user: role,
        password: password(role),
        permissions: permissions(grants(role, shards)),
      })),
    },
    SYS: { users: [{ user: 'system', password: password('system') }] },
  },
  system_account: 'SYS',
});

function permissions(granted: readonly Grant[]): ConfigBlock {
  const all = (what: Exclude<keyof Grant, 'why'>): string[] => [
    ...new Set(granted.flatMap((grant) => grant[what] ?? [])),
  ];
  return {
    publish: { allow: all('publish'), deny: all('publishDenied') },
    subscribe: { allow: all('subscribe') },
  };
}
