// What the parts of the system report, made into metrics and log lines. Hot paths only add to numbers; a line is written for
// what an operator should look at.
import type {
  LeaseObserver,
  ParkedConversation,
  ProjectionObserver,
  RefoldObserver,
  RunnerObserver,
} from '@parley/projections';
import type { ProblemCode } from '@parley/protocol';
import type { LogObserver, NatsServerEvent } from '../nats/index.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

export function runnerObserver(
  metrics: Metrics,
  logger: Logger,
): RunnerObserver & { beatFailed(error: unknown): void } {
  const beatFailures = metrics.cell('deliveryBeatFailures', {});
  return {
    applied(reader, shard, events) {
      metrics.cell('readerEvents', { reader, shard }).value += events.length;
    },
    retrying(reader, shard, error) {
      metrics.cell('readerRetries', { reader, shard }).value++;
      logger.warn({ reader, shard, err: error }, 'a reader failed and tries again');
    },
    stopped(reader, shard, error) {
      metrics.cell('readerStopped', { reader, shard }).value = 1;
      logger.fatal(
        { reader, shard, err: error },
        'a reader stopped: the log is not what it promises, or newer than this build',
      );
    },
    beatFailed(error) {
      beatFailures.value++;
      logger.warn({ err: error }, 'a beat of delivery failed');
    },
  };
}

export function leaseObserver(metrics: Metrics, logger: Logger): LeaseObserver {
  return {
    shardsChanged(role, { gained, lost, count }) {
      metrics.cell('leasedShards', { role }).value = count;
      logger.info({ role, gained, lost, count }, 'the shards this process works on have changed');
    },
    leasesUnavailable(role, error) {
      metrics.cell('leaseFailures', { role }).value++;
      logger.warn({ role, err: error }, 'the leases of shards cannot be asked');
    },
  };
}

export function projectionObserver(metrics: Metrics, logger: Logger): ProjectionObserver & RefoldObserver {
  return {
    parked(projection: string, { conversationId, position, reason }: ParkedConversation) {
      metrics.cell('projectionParked', { projection }).value++;
      logger.error({ projection, conversationId, position, reason }, 'a conversation is parked');
    },
    passedOver(projection) {
      metrics.cell('projectionPassedOver', { projection }).value++;
    },
    voided(projection, { conversationId, position }) {
      metrics.cell('projectionVoid', { projection }).value++;
      logger.warn({ projection, conversationId, position }, 'an event is void');
    },
    refolded(projection, { conversationId }, { upTo, parked }) {
      logger.info({ projection, conversationId, upTo, reason: parked?.reason }, 'a conversation is refolded');
    },
    refoldFailed(projection, err) {
      logger.warn({ projection, err }, 'a refold failed, and is tried again');
    },
  };
}

export function logObserver(metrics: Metrics, logger: Logger): Required<LogObserver> {
  const readBacks = metrics.cell('logReadBacks', {});
  const overloaded = metrics.cell('logOverloaded', {});
  const unavailable = metrics.cell('logUnavailable', {});
  return {
    appended: (elapsedMs) => metrics.record('logAppend', elapsedMs, {}),
    attemptFailed: (code) => void metrics.cell('logFailedAttempts', { code }).value++,
    readBack: () => void readBacks.value++,
    overloaded: () => void overloaded.value++,
    unavailable: () => void unavailable.value++,
    readerRestarted(shard, reason) {
      metrics.cell('logReaderRestarts', { shard }).value++;
      logger.debug({ shard, reason }, 'a reader lost its consumer and goes on with a new one');
    },
  };
}

/** Has the form of the gateway's GatewayObserver, which this package cannot see. */
export function gatewayObserver(metrics: Metrics) {
  const connections = metrics.cell('gatewayConnections', {});
  const slowConsumers = metrics.cell('gatewaySlowConsumers', {});
  return {
    connectionOpened: () => void connections.value++,
    connectionClosed(code: number) {
      connections.value--;
      metrics.cell('gatewayCloses', { code }).value++;
    },
    frameIn: (type: string) => void metrics.cell('gatewayFrames', { type }).value++,
    acked: (latencyMs: number) => metrics.record('gatewayAck', latencyMs, {}),
    refused: (code: ProblemCode) => void metrics.cell('gatewayRefusals', { code }).value++,
    delivered: (latencyMs: number) => metrics.record('gatewayDelivery', latencyMs, {}),
    slowConsumer: () => void slowConsumers.value++,
    resynced(reason: string, sessions: number) {
      metrics.cell('gatewayResyncs', { reason }).value++;
      metrics.cell('gatewayResyncedSessions', { reason }).value += sessions;
    },
    httpAnswered: (route: string, status: number, latencyMs: number) =>
      metrics.record('gatewayHttp', latencyMs, { route, status }),
  };
}

/** For `onEvent` of nats-server as a child process. */
export function natsServerObserver(metrics: Metrics, logger: Logger): (event: NatsServerEvent) => void {
  const restarts = metrics.cell('natsRestarts', {});
  return (event) => {
    switch (event.type) {
      case 'Ready':
        return logger.info({ pid: event.pid }, 'nats-server is ready');
      case 'OrphanEnded':
        return logger.warn({ pid: event.pid }, 'ended the nats-server that a killed start left behind');
      case 'Died':
        restarts.value++;
        return logger.error(
          { pid: event.pid, reason: event.reason, restartInMs: event.restartInMs },
          'nats-server died and is started again',
        );
      case 'GaveUp':
        return logger.fatal({ reason: event.reason }, 'nats-server died too often: the log is away');
    }
  };
}
