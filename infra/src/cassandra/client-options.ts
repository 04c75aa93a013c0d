// How we talk to a cluster: time-outs, retries, speculation, consistency. Only what cassandra-driver and ScyllaDB's own
// driver have in common.
import { errors, ExecutionProfile, policies, types, type ClientOptions } from 'cassandra-driver';

export interface ClusterOptions {
  /** `host` or `host:port`; some of the nodes, the others are found. All nodes listen on one port, 9042 unless it is named. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Without, plain TCP. A node's certificate is checked, also that it names the address by which the node is known. */
  readonly tls?: TlsFiles;
  readonly answered?: CqlObserver;
}

/** A request to the cluster was answered, or failed, so long after it had its place. */
export type CqlObserver = (kind: 'read' | 'write' | 'schema', elapsedMs: number, isAnswered: boolean) => void;

/** PEM texts. Without `ca` the authorities Node knows are believed. */
interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads and writes of the read models: QUORUM both, so that a read sees every write that was answered. Not LOCAL_QUORUM: of
 * a keyspace with copies in two data centres it would show the other one a checkpoint before the rows that it stands for.
 */
export const READ_MODELS = 'read-models';
/** What one copy knows: for pages that say so. */
export const ANY_COPY = 'any-copy';
/** Tables are made rarely and slowly: every node has to hear of them. */
export const SCHEMA = 'schema';

const cqlPort = 9_042;
const requestTimeoutMs = 3_000;
const schemaTimeoutMs = 30_000;
const connectTimeoutMs = 3_000;
const retriesMax = 2;
const reconnectMsMin = 100;
const reconnectMsMax = 5_000;

export function clientOptions(options: ClusterOptions): ClientOptions {
  const { localDataCenter, credentials, tls } = options;
  const { contactPoints, port } = endpoints(options.contactPoints);
  const retry = new IdempotentRetryPolicy();
  const { quorum, one } = types.consistencies;
  return {
    contactPoints,
    localDataCenter,
    ...(credentials && { credentials: { ...credentials } }),
    ...(tls && { sslOptions: { ...tls, rejectUnauthorized: true } }), // the driver's default believes anybody
    socketOptions: { connectTimeout: connectTimeoutMs, readTimeout: requestTimeoutMs },
    // Session waits for agreement itself: what the nodes tell of each other is up to seconds late.
    protocolOptions: { port, maxSchemaAgreementWaitSeconds: 0 },
    // Without it the driver does not know which keyspace has its copies where, and asks any node: one hop more for each row.
    isMetadataSyncEnabled: true,
    policies: {
      retry,
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(reconnectMsMin, reconnectMsMax),
      speculativeExecution: new SpeculativeReads(),
    },
    profiles: [
      new ExecutionProfile(READ_MODELS, { consistency: quorum, readTimeout: requestTimeoutMs, retry }),
      new ExecutionProfile(ANY_COPY, { consistency: one, readTimeout: requestTimeoutMs, retry }),
      new ExecutionProfile(SCHEMA, { consistency: quorum, readTimeout: schemaTimeoutMs, retry }),
    ],
  };
}

/** The driver finds the other nodes by their address alone, and asks all of them on one port. */
function endpoints(named: readonly string[]): { readonly contactPoints: string[]; readonly port: number } {
  const ports = new Set(
    named.map((one) => Number(/:(\d+)$/.exec(one.replace(/^[^[]*:[^[]*:.*$/, ''))?.[1] ?? cqlPort)),
  );
  const [port = cqlPort, another] = ports;
  if (another !== undefined) throw new RangeError(`contact points on ports ${port} and ${another}: one port for all`);
  return { contactPoints: [...named], port };
}

/**
 * Another replica is asked, and then a third, when the first has not answered by then: well above a good p99, well below the time-out. A write
 * waits longer, because a cluster that is slow under writes is not helped by twice as many. A change of the schema is made
 * by one node.
 */
class SpeculativeReads extends policies.speculativeExecution.NoSpeculativeExecutionPolicy {
  override newPlan(_keyspace: string, query: string | readonly object[]): { nextExecution: () => number } {
    const delayMs = speculateAfterMs(query);
    let left = speculativeExecutionsMax;
    return { nextExecution: () => (left-- > 0 ? delayMs : -1) };
  }
}

const speculativeExecutionsMax = 2;
const speculateReadAfterMs = 250;
const speculateWriteAfterMs = 1_000;
const never = -1;

function speculateAfterMs(query: string | readonly object[]): number {
  if (typeof query !== 'string' || query.startsWith('INSERT')) return speculateWriteAfterMs; // several are a batch
  return query.startsWith('SELECT') ? speculateReadAfterMs : never;
}

/** The driver's own retries a timed out write never; ours may, for every statement says at which timestamp it writes. */
class IdempotentRetryPolicy extends policies.retry.RetryPolicy {
  override onReadTimeout(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#again(info, true);
  }

  override onWriteTimeout(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#again(info, true);
  }

  /** What no node answered in time, others were asked meanwhile: who waits is told. */
  override onRequestError(
    info: policies.retry.OperationInfo,
    _consistency: types.consistencies,
    error: Error,
  ): policies.retry.DecisionInfo {
    return error instanceof errors.OperationTimedOutError ? this.rethrowResult() : this.#again(info, false);
  }

  override onUnavailable(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#again(info, false);
  }

  #again(info: policies.retry.OperationInfo, onSameHost: boolean): policies.retry.DecisionInfo {
    if (info.nbRetry >= retriesMax || !info.executionOptions.isIdempotent()) return this.rethrowResult();
    return this.retryResult(info.executionOptions.getConsistency(), onSameHost);
  }
}
