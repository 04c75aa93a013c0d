// The configuration of a deployed cluster: one file for all its servers, to be shown to anyone. What differs between them and
// what is secret is in their environment. Printed by scripts/nats-server-config.ts.
import { Variable } from './config-language.ts';
import { passwordVariable, serverConfig, type ClusterSettings, type ServerTlsFiles } from './server-config.ts';

export interface ClusterConfigOptions {
  readonly shards: number;
  /** Names under which the servers find one another. */
  readonly hosts: readonly string[];
  /** `tls.crt`, `tls.key` and `ca.crt` in it: clients see an encrypted server, and servers show one another who they are. */
  readonly tlsDirectory?: string;
}

/** As in NATS's own container images. */
const CLUSTER_LAYOUT = {
  clientPort: 4_222,
  routePort: 6_222,
  monitorPort: 8_222,
  storeDirectory: '/data/jetstream',
} as const;

/** Unique among the servers of the cluster. */
const serverName = new Variable('PARLEY_NATS_SERVER_NAME');

export function clusterConfig({ shards, hosts, tlsDirectory }: ClusterConfigOptions): string {
  const tls = tlsDirectory === undefined ? undefined : tlsFilesIn(tlsDirectory);
  return serverConfig({
    name: serverName,
    listen: `0.0.0.0:${CLUSTER_LAYOUT.clientPort}`,
    monitor: `0.0.0.0:${CLUSTER_LAYOUT.monitorPort}`,
    storeDirectory: CLUSTER_LAYOUT.storeDirectory,
    ...(tls && { tls: { certFile: tls.certFile, keyFile: tls.keyFile } }),
    cluster: {
      listen: `0.0.0.0:${CLUSTER_LAYOUT.routePort}`,
      ...(tls ? { tls, routes: routesTo(hosts) } : routePassword),
    },
    users: { shards, password: passwordVariable },
  });
}

const tlsFilesIn = (directory: string): Required<ServerTlsFiles> => ({
  certFile: `${directory}/tls.crt`,
  keyFile: `${directory}/tls.key`,
  caFile: `${directory}/ca.crt`,
});

const routesTo = (hosts: readonly string[]): string[] =>
  hosts.map((host) => `nats://${host}:${CLUSTER_LAYOUT.routePort}`);

/** NATS knows a route's password only within its URL, so the list is as secret: `["nats://route:…@host:6222", …]`. */
const routePassword: Pick<ClusterSettings, 'routes' | 'password'> = {
  routes: new Variable('PARLEY_NATS_ROUTES'),
  password: { user: 'route', password: new Variable('PARLEY_NATS_ROUTE_PASSWORD') },
};
