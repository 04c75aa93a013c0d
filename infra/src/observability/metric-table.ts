// Every metric: exported name, kind, labels and meaning. Names are `parley_<part>_<what>_<unit>`; counters end in `_total`,
// times are seconds. docs/reference/metrics.md comes from it; the queries of dashboards and alerts are checked against it.

interface MetricRow {
  readonly name: `parley_${string}`;
  /** A counter only rises; a gauge is what is now; a histogram counts times, or numbers of things, into buckets. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly text: string;
  /** Of a histogram. */
  readonly bounds?: readonly number[];
}

/** Upper bounds in seconds, for everything from a local append to a client that waits. */
export const BUCKET_BOUNDS_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30,
];

/** Upper bounds of how many: none, one, up to what a resume may give. */
export const BUCKET_BOUNDS_ENTRIES: readonly number[] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

const counter = <const Labels extends readonly string[]>(
  name: `parley_${string}_total`,
  labels: Labels,
  text: string,
) => ({ name, kind: 'counter', labels, text }) as const;

const gauge = <const Labels extends readonly string[]>(name: `parley_${string}`, labels: Labels, text: string) =>
  ({ name, kind: 'gauge', labels, text }) as const;

const seconds = <const Labels extends readonly string[]>(
  name: `parley_${string}_seconds`,
  labels: Labels,
  text: string,
) => ({ name, kind: 'histogram', labels, text, bounds: BUCKET_BOUNDS_SECONDS }) as const;

const entries = <const Labels extends readonly string[]>(
  name: `parley_${string}_entries`,
  labels: Labels,
  text: string,
) => ({ name, kind: 'histogram', labels, text, bounds: BUCKET_BOUNDS_ENTRIES }) as const;

export const METRIC_TABLE = {
  gatewayConnections: gauge('parley_gateway_connections', [], 'Open sockets.'),
  gatewayOpens: counter('parley_gateway_opens_total', [], 'Sockets opened.'),
  gatewayCloses: counter('parley_gateway_closes_total', ['code'], 'Sockets closed, by close code.'),
  gatewayFrames: counter('parley_gateway_frames_total', ['type'], 'Frames that clients sent, by type.'),
  gatewaySentFrames: counter(
    'parley_gateway_sent_frames_total',
    [],
    'Frames written to sockets, answers and live ones.',
  ),
  gatewaySentBytes: counter('parley_gateway_sent_bytes_total', [], 'Bytes of these frames.'),
  gatewayAck: seconds('parley_gateway_ack_seconds', [], 'From the arrival of a `send` to its `ack`.'),
  gatewayDelivery: seconds(
    'parley_gateway_delivery_seconds',
    [],
    "From an event's place in the log to the hand-over of its frame to a socket.",
  ),
  gatewayRefusals: counter('parley_gateway_refusals_total', ['code'], 'Refused frames and requests, by error code.'),
  gatewaySlowConsumers: counter(
    'parley_gateway_slow_consumers_total',
    [],
    'Sockets closed because they did not drain.',
  ),
  gatewayBatchHoles: counter(
    'parley_gateway_batch_holes_total',
    ['shard'],
    'Batches of delivery before which one had been lost: every session resumes.',
  ),
  gatewayResyncs: counter(
    'parley_gateway_resyncs_total',
    ['reason'],
    'Times the gateway noticed that it may have missed something.',
  ),
  gatewayResyncedSessions: counter(
    'parley_gateway_resynced_sessions_total',
    ['reason'],
    'Sessions that were told to resume because of that.',
  ),
  gatewayResume: seconds('parley_gateway_resume_seconds', [], 'From the arrival of a `resume` to its `resumed`.'),
  gatewayResumeEntries: entries('parley_gateway_resume_entries', [], 'Entries that one `resume` was given.'),
  gatewayResumedConversations: counter(
    'parley_gateway_resumed_conversations_total',
    ['outcome'],
    'Conversations asked for in a `resume`: `resumed`, or why the client has to read pages instead.',
  ),
  gatewayHttp: seconds('parley_gateway_http_seconds', ['route', 'status'], 'REST calls, from request to answer.'),

  logAppend: seconds(
    'parley_log_append_seconds',
    [],
    'Appends that JetStream acknowledged, without their wait in the queue.',
  ),
  logFailedAttempts: counter(
    'parley_log_failed_attempts_total',
    ['code'],
    "Attempts to append that failed and are repeated, by JetStream's code or the reason.",
  ),
  logReadBacks: counter('parley_log_read_backs_total', [], 'Acks so late that the stored event was read back.'),
  logOverloaded: counter('parley_log_overloaded_total', [], 'Appends refused because the outbox was full.'),
  logUnavailable: counter('parley_log_unavailable_total', [], 'Appends given up at their deadline.'),
  logOutbox: gauge('parley_log_outbox_appends', [], 'Appends that wait or are in flight.'),
  logReaderRestarts: counter('parley_log_reader_restarts_total', ['shard'], 'Consumers that were lost and made anew.'),

  readerLag: gauge(
    'parley_reader_lag_events',
    ['reader', 'shard'],
    "Events between a reader's checkpoint and the head.",
  ),
  readerLagSeconds: gauge(
    'parley_reader_lag_seconds',
    ['reader', 'shard'],
    'Age of the oldest event beyond its checkpoint; 0 when there is none.',
  ),
  readerApply: seconds(
    'parley_reader_apply_seconds',
    ['reader'],
    "From an event's place in the log to the end of the step that applied it; of `delivery`: to its publication to the gateways. Of a step of more than 64 events the oldest alone is counted.",
  ),
  readerEvents: counter('parley_reader_events_total', ['reader', 'shard'], 'Events a reader applied.'),
  readerRetries: counter(
    'parley_reader_retries_total',
    ['reader', 'shard'],
    'Failures after which a reader tried again.',
  ),
  readerStopped: gauge(
    'parley_reader_stopped',
    ['reader', 'shard'],
    '1: this reader stopped for good at a hole in the log or an event it cannot read. Alarm!',
  ),
  leasedShards: gauge('parley_leased_shards', ['role'], 'Shards this process works on, where several share them.'),
  leaseFailures: counter(
    'parley_lease_failures_total',
    ['role'],
    'Times the leases of shards could not be asked. When it lasts for longer than a lease, this process works on all shards.',
  ),
  deliveryBeatFailures: counter('parley_delivery_beat_failures_total', [], 'Beats to the gateways that failed.'),

  projectionVoid: counter('parley_projection_void_events_total', ['projection'], 'Void events met. In practice none.'),
  projectionParked: counter('parley_projection_parked_total', ['projection'], 'Conversations parked since the start.'),
  projectionParkedNow: gauge(
    'parley_projection_parked_conversations',
    ['reader', 'shard'],
    'Conversations parked at present, in the shards this process works on. Alarm!',
  ),
  projectionPassedOver: counter(
    'parley_projection_passed_over_events_total',
    ['projection'],
    'Events of parked conversations, not applied.',
  ),

  membershipLookups: counter(
    'parley_membership_lookups_total',
    ['result'],
    'Looks into the cache of conversation states: `hit`, `behind` (known, but older than what was asked for), `miss`.',
  ),

  cqlRequests: seconds(
    'parley_cql_request_seconds',
    ['kind'],
    'Requests to Cassandra, without their wait for a place.',
  ),
  cqlFailures: counter('parley_cql_failures_total', ['kind'], 'Requests to Cassandra that failed.'),
  redisCalls: seconds('parley_redis_call_seconds', [], 'Calls to Redis, from asking to answer.'),
  redisFailures: counter('parley_redis_failures_total', [], 'Calls to Redis that failed or had no answer in time.'),

  natsRestarts: counter(
    'parley_nats_restarts_total',
    [],
    'Deaths of the nats-server child after which it was started again.',
  ),
  processMemory: gauge(
    'parley_process_memory_bytes',
    ['kind'],
    'Memory of this process: `resident`, `heap` (used), `external` (buffers). Divided by its connections: memory per connection.',
  ),
  processCpu: counter('parley_process_cpu_seconds_total', [], 'Time on a processor, of user and system.'),
  eventLoopDelay: gauge(
    'parley_event_loop_delay_p99_seconds',
    [],
    'How late timers ran since the last scrape, 99th percentile, at a resolution of 10 ms.',
  ),
} as const satisfies Record<string, MetricRow>;

type Table = typeof METRIC_TABLE;
export type MetricName = keyof Table;
type NameOfKind<Kind> = { [Name in MetricName]: Table[Name]['kind'] extends Kind ? Name : never }[MetricName];
export type CellName = NameOfKind<'counter' | 'gauge'>;
export type HistogramName = NameOfKind<'histogram'>;
/** Those that count things, not times. */
export type EntriesName = 'gatewayResumeEntries';
/** A value for each label of the metric. */
export type Labels<Name extends MetricName> = Readonly<Record<Table[Name]['labels'][number], string | number>>;
