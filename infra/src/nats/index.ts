// The log, its deployment, checkpoints and the gateway bus on NATS, and nats-server as a child process.
export { openCheckpoints, type Checkpoints } from './checkpoints.ts';
export { connectNats, type Connection } from './connection.ts';
export { openDeployment, ShardsMismatch, type Deployment } from './deployment.ts';
export { describeEvent } from './describe-event.ts';
export { NatsEventLog, type NatsEventLogOptions } from './event-log.ts';
export { natsGatewayBus } from './gateway-bus.ts';
export type { LogObserver } from './observer.ts';
export { StreamMismatch, type StreamDifference } from './streams.ts';
export { DataDirectoryInUse, lockDataDirectory } from './data-directory-lock.ts';
export { startNatsServer, type NatsServer, type NatsServerEvent, type NatsServerOptions } from './server.ts';
