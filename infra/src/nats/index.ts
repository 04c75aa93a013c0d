// The log, its deployment, checkpoints and the gateway bus on NATS, and nats-server as a child process.
export { openCheckpoints, type Checkpoints } from './checkpoints.ts';
export { connectNats, NatsUnreachable, type NatsConnectionOptions } from './connect.ts';
export { PermissionDenied, type Connection } from './connection.ts';
export { createDeployment, DeploymentMissing, openDeployment, ShardsMismatch, type Deployment } from './deployment.ts';
export { encodeEvent } from './codec.ts';
export { describeEvent } from './describe-event.ts';
export { NatsEventLog, type NatsEventLogOptions } from './event-log.ts';
export { openGenerationRegistry } from './generation-registry.ts';
export { eventsPage, eventsPagePath } from './events-page.ts';
export { decodeRaw, type RawRecord } from './raw-record.ts';
export { natsGatewayBus } from './gateway-bus.ts';
export { natsParkedRecords } from './parked-records.ts';
export { inspectNats, type NatsReport } from './inspect.ts';
export type { LogObserver } from './observer.ts';
export { clusterConfig } from './cluster-config.ts';
export { permissionsPage, permissionsPagePath } from './permissions-page.ts';
export { ROLES, type Role } from './permissions.ts';
export { Variable } from './config-language.ts';
export { passwordVariable, serverConfig, type NatsUser, type ServerSettings } from './server-config.ts';
export { StreamMismatch, type StreamDifference } from './streams.ts';
export { DataDirectoryInUse, lockDataDirectory } from './data-directory-lock.ts';
export {
  endOrphanedServer,
  startNatsServer,
  type NatsServer,
  type NatsServerEvent,
  type NatsServerOptions,
} from './server.ts';
