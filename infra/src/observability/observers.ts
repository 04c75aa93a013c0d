// What the parts of the system report, made into metrics and log lines. Hot paths only add to numbers; a line is written for
// what an operator should look at.
import type { Shard, World } from '@parley/domain';
import type {
  LeaseObserver,
  ParkedConversation,
  ProjectionObserver,
  RefoldObserver,
  RunnerObserver,
  StatesObserver,
} from '@parley/projections';
import type { ProblemCode } from '@parley/protocol';
import type { LogObserver, NatsServerEvent } from '../nats/index.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** A reader near the head is given fewer in one step. */
const liveEventsMax = 64;

export function runnerObserver(
  metrics: Metrics,
  logger: Logger,
  { now }: Pick<World, 'now'>,
): RunnerObserver & { beatFailed(error: unknown): void } {
  const beatFailures = metrics.cell('deliveryBeatFailures', {});
  return {
    applied(reader, shard, events) {
      metrics.cell('readerEvents', { reader, shard }).value += events.length;
      const appliedTs = now();
      // Who catches up is slow enough by what it reads: of a large step, its oldest event will do.
      for (const { storedTs } of events.length > liveEventsMax ? events.slice(0, 1) : events) {
        metrics.record('readerApply', Math.max(0, appliedTs - storedTs), { reader });
      }
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
    parkedNow: (reader, shard, count) => void (metrics.cell('projectionParkedNow', { reader, shard }).value = count),
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

export function statesObserver(metrics: Metrics): StatesObserver {
  const cells = {
    hit: metrics.cell('membershipLookups', { result: 'hit' }),
    behind: metrics.cell('membershipLookups', { result: 'behind' }),
    miss: metrics.cell('membershipLookups', { result: 'miss' }),
  };
  return { looked: (result) => void cells[result].value++ };
}

/** Both stores of a fleet: how long they took, and whether they answered. */
export function storeObservers(metrics: Metrics) {
  const redisFailures = metrics.cell('redisFailures', {});
  for (const kind of ['read', 'write', 'schema']) metrics.cell('cqlFailures', { kind });
  return {
    cql: (kind: string, elapsedMs: number, isAnswered: boolean): void => {
      metrics.record('cqlRequests', elapsedMs, { kind });
      if (!isAnswered) metrics.cell('cqlFailures', { kind }).value++;
    },
    redis: (elapsedMs: number, isAnswered: boolean): void => {
      metrics.record('redisCalls', elapsedMs, {});
      if (!isAnswered) redisFailures.value++;
    },
  };
}

export function logObserver(
  metrics: Metrics,
  logger: Logger,
): Required<Omit<LogObserver, 'traceAppend' | 'tracedEvent'>> {
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
  const opens = metrics.cell('gatewayOpens', {});
  const slowConsumers = metrics.cell('gatewaySlowConsumers', {});
  const sentFrames = metrics.cell('gatewaySentFrames', {});
  const sentBytes = metrics.cell('gatewaySentBytes', {});
  // A series that begins at its first fault hides that fault from `rate`.
  for (const reason of ['hole', 'interrupted', 'lease-lapsed']) {
    metrics.cell('gatewayResyncs', { reason });
    metrics.cell('gatewayResyncedSessions', { reason });
  }
  return {
    connectionOpened() {
      connections.value++;
      opens.value++;
    },
    connectionClosed(code: number) {
      connections.value--;
      metrics.cell('gatewayCloses', { code }).value++;
    },
    frameIn: (type: string) => void metrics.cell('gatewayFrames', { type }).value++,
    frameOut(bytes: number) {
      sentFrames.value++;
      sentBytes.value += bytes;
    },
    acked: (latencyMs: number) => metrics.record('gatewayAck', latencyMs, {}),
    refused: (code: ProblemCode) => void metrics.cell('gatewayRefusals', { code }).value++,
    delivered: (latencyMs: number) => metrics.record('gatewayDelivery', latencyMs, {}),
    slowConsumer: () => void slowConsumers.value++,
    batchHole: (shard: Shard) => void metrics.cell('gatewayBatchHoles', { shard }).value++,
    conversationResumed: (outcome: string) => void metrics.cell('gatewayResumedConversations', { outcome }).value++,
    resumed(latencyMs: number, entries: number) {
      metrics.record('gatewayResume', latencyMs, {});
      metrics.recordEntries('gatewayResumeEntries', entries);
    },
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
