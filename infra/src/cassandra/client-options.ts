// How we talk to a cluster: time-outs, retries, speculation, consistency. Only what cassandra-driver and ScyllaDB's own
// driver have in common.
import { ExecutionProfile, policies, types, type ClientOptions } from 'cassandra-driver';

export interface ClusterOptions {
  /** `host` or `host:port`. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
}

/** Reads and writes of the read models: QUORUM both, so that a read sees every write that was answered. */
export const READ_MODELS = 'read-models';
/** Tables are made rarely and slowly: every node has to hear of them. */
export const SCHEMA = 'schema';

const requestTimeoutMs = 3_000;
const schemaTimeoutMs = 30_000;
const connectTimeoutMs = 3_000;
const schemaAgreementSecondsMax = 15;
/** Another replica is asked when the first has not answered by then: well above a good p99, well below the time-out. */
const speculateAfterMs = 250;
const speculativeExecutionsMax = 1;
const retriesMax = 2;
const reconnectMsMin = 100;
const reconnectMsMax = 5_000;

export function clientOptions({ contactPoints, localDataCenter }: ClusterOptions): ClientOptions {
  const retry = new IdempotentRetryPolicy();
  const consistency = types.consistencies.quorum;
  return {
    contactPoints: [...contactPoints],
    localDataCenter,
    socketOptions: { connectTimeout: connectTimeoutMs, readTimeout: requestTimeoutMs },
    protocolOptions: { maxSchemaAgreementWaitSeconds: schemaAgreementSecondsMax },
    // We know our tables; following every schema change of a cluster would only cost requests.
    isMetadataSyncEnabled: false,
    policies: {
      retry,
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(reconnectMsMin, reconnectMsMax),
      speculativeExecution: new policies.speculativeExecution.ConstantSpeculativeExecutionPolicy(
        speculateAfterMs,
        speculativeExecutionsMax,
      ),
    },
    profiles: [
      new ExecutionProfile(READ_MODELS, { consistency, readTimeout: requestTimeoutMs, retry }),
      new ExecutionProfile(SCHEMA, { consistency, readTimeout: schemaTimeoutMs, retry }),
    ],
  };
}

/** The driver's own retries a timed out write never; ours may, for every statement says at which timestamp it writes. */
class IdempotentRetryPolicy extends policies.retry.RetryPolicy {
  override onReadTimeout(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#again(info, true);
  }

  override onWriteTimeout(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#again(info, true);
  }

  override onRequestError(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#again(info, false);
  }

  override onUnavailable(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#again(info, false);
  }

  #again(info: policies.retry.OperationInfo, onSameHost: boolean): policies.retry.DecisionInfo {
    if (info.nbRetry >= retriesMax || !info.executionOptions.isIdempotent()) return this.rethrowResult();
    return this.retryResult(info.executionOptions.getConsistency(), onSameHost);
  }
}
