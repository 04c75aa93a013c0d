// What operators look at, dashboard by dashboard: each panel a title, a unit and its queries. infra/deploy/grafana/ comes from it.

/** Grafana's names of units. */
type Unit = 'short' | 's' | 'reqps' | 'ops' | 'bytes' | 'Bps' | 'percentunit';

export interface Panel {
  readonly title: string;
  readonly unit: Unit;
  readonly text?: string;
  readonly queries: readonly (readonly [legend: string, query: string])[];
}

export interface Dashboard {
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const rate = (series: string): string => `rate(${series}[$__rate_interval])`;

const quantiles = (metric: string, by = ''): Panel['queries'] =>
  (['0.5', '0.99'] as const).map((quantile) => [
    `p${Number(quantile) * 100}${by === '' ? '' : ` {{${by}}}`}`,
    `histogram_quantile(${quantile}, sum by (${by === '' ? 'le' : `le, ${by}`}) (${rate(`${metric}_bucket`)}))`,
  ]);

const one = (legend: string, query: string): Panel['queries'] => [[legend, query]];

const rateBy = (label: string, series: string): Panel['queries'] =>
  one(`{{${label}}}`, `sum by (${label}) (${rate(series)})`);

const OVERVIEW: Dashboard = {
  name: 'overview',
  title: 'Parley: overview',
  panels: [
    { title: 'Open sockets', unit: 'short', queries: one('sockets', 'sum(parley_gateway_connections)') },
    {
      title: 'Messages acked',
      unit: 'reqps',
      queries: one('acked', `sum(${rate('parley_gateway_ack_seconds_count')})`),
    },
    {
      title: 'Answered without a failure of ours',
      unit: 'percentunit',
      text: 'Of what clients asked: refusals that are the servers’ fault, and REST answers from 500 on, count against it.',
      queries: one(
        'available',
        `1 - (sum(${rate('parley_gateway_refusals_total{code=~"unavailable|overloaded|internal"}')}) + (sum(${rate('parley_gateway_http_seconds_count{status=~"5.."}')}) or vector(0)) or vector(0)) / clamp_min(sum(${rate('parley_gateway_frames_total')}) + sum(${rate('parley_gateway_http_seconds_count')}), 1e-9)`,
      ),
    },
    { title: 'From `send` to `ack`', unit: 's', queries: quantiles('parley_gateway_ack_seconds') },
    { title: 'From the log to a socket', unit: 's', queries: quantiles('parley_gateway_delivery_seconds') },
    {
      title: 'Reader lag, worst shard',
      unit: 's',
      queries: one('{{reader}}', 'max by (reader) (parley_reader_lag_seconds)'),
    },
    {
      title: 'Parked conversations',
      unit: 'short',
      queries: one('{{reader}}', 'sum by (reader) (parley_projection_parked_conversations)'),
    },
    { title: 'Refusals', unit: 'ops', queries: rateBy('code', 'parley_gateway_refusals_total') },
    {
      title: 'Readers that stopped',
      unit: 'short',
      text: 'A hole in the log, or an event that this build cannot read.',
      queries: one('{{reader}} of shard {{shard}}', 'max by (reader, shard) (parley_reader_stopped)'),
    },
  ],
};

const GATEWAYS: Dashboard = {
  name: 'gateways',
  title: 'Parley: gateways',
  panels: [
    { title: 'Open sockets', unit: 'short', queries: one('{{instance}}', 'parley_gateway_connections') },
    {
      title: 'Churn',
      unit: 'ops',
      queries: [
        ['opened', `sum(${rate('parley_gateway_opens_total')})`],
        ['closed {{code}}', `sum by (code) (${rate('parley_gateway_closes_total')})`],
      ],
    },
    { title: 'Frames from clients', unit: 'ops', queries: rateBy('type', 'parley_gateway_frames_total') },
    { title: 'Frames to sockets', unit: 'ops', queries: rateBy('instance', 'parley_gateway_sent_frames_total') },
    { title: 'Bytes to sockets', unit: 'Bps', queries: rateBy('instance', 'parley_gateway_sent_bytes_total') },
    {
      title: 'Memory per connection',
      unit: 'bytes',
      text: 'All of the process’s memory, divided: it means something from some thousand connections on.',
      queries: one(
        '{{instance}}',
        'sum by (instance) (parley_process_memory_bytes{kind="resident"}) / (sum by (instance) (parley_gateway_connections) > 0)',
      ),
    },
    {
      title: 'Event-loop delay, p99',
      unit: 's',
      queries: one('{{instance}}', 'parley_event_loop_delay_p99_seconds and on (instance) parley_gateway_connections'),
    },
    {
      title: 'Processor',
      unit: 'percentunit',
      queries: one(
        '{{instance}}',
        `${rate('parley_process_cpu_seconds_total')} and on (instance) parley_gateway_connections`,
      ),
    },
    {
      title: 'Something may have been missed',
      unit: 'ops',
      queries: [
        ['hole in shard {{shard}}', `sum by (shard) (${rate('parley_gateway_batch_holes_total')})`],
        ['resync: {{reason}}', `sum by (reason) (${rate('parley_gateway_resyncs_total')})`],
        ['sessions: {{reason}}', `sum by (reason) (${rate('parley_gateway_resynced_sessions_total')})`],
      ],
    },
    { title: 'Slow consumers', unit: 'ops', queries: rateBy('instance', 'parley_gateway_slow_consumers_total') },
    { title: 'Resume', unit: 's', queries: quantiles('parley_gateway_resume_seconds') },
    { title: 'Entries of a resume', unit: 'short', queries: quantiles('parley_gateway_resume_entries') },
    {
      title: 'Conversations resumed',
      unit: 'ops',
      queries: rateBy('outcome', 'parley_gateway_resumed_conversations_total'),
    },
    { title: 'REST', unit: 's', queries: quantiles('parley_gateway_http_seconds', 'route') },
    { title: 'REST answers', unit: 'reqps', queries: rateBy('status', 'parley_gateway_http_seconds_count') },
    {
      title: 'Membership cache: hits',
      unit: 'percentunit',
      queries: one(
        '{{instance}}',
        `sum by (instance) (${rate('parley_membership_lookups_total{result="hit"}')}) / sum by (instance) (${rate('parley_membership_lookups_total')})`,
      ),
    },
  ],
};

const LOG: Dashboard = {
  name: 'log-and-readers',
  title: 'Parley: log and readers',
  panels: [
    { title: 'Append', unit: 's', queries: quantiles('parley_log_append_seconds') },
    { title: 'Appends', unit: 'ops', queries: rateBy('instance', 'parley_log_append_seconds_count') },
    { title: 'Waiting or in flight', unit: 'short', queries: one('{{instance}}', 'parley_log_outbox_appends') },
    { title: 'Attempts that failed', unit: 'ops', queries: rateBy('code', 'parley_log_failed_attempts_total') },
    {
      title: 'Appends refused or given up',
      unit: 'ops',
      queries: [
        ['outbox full', `sum(${rate('parley_log_overloaded_total')})`],
        ['deadline', `sum(${rate('parley_log_unavailable_total')})`],
        ['read back', `sum(${rate('parley_log_read_backs_total')})`],
      ],
    },
    {
      title: 'Lag, in events',
      unit: 'short',
      queries: one('{{reader}} of shard {{shard}}', 'max by (reader, shard) (parley_reader_lag_events) > 0'),
    },
    {
      title: 'Lag, in seconds',
      unit: 's',
      queries: one('{{reader}} of shard {{shard}}', 'max by (reader, shard) (parley_reader_lag_seconds) > 0'),
    },
    { title: 'Events applied', unit: 'ops', queries: rateBy('reader', 'parley_reader_events_total') },
    {
      title: 'From the log to applied; of delivery, to published',
      unit: 's',
      queries: quantiles('parley_reader_apply_seconds', 'reader'),
    },
    {
      title: 'Failures after which a reader tried again',
      unit: 'ops',
      queries: rateBy('reader', 'parley_reader_retries_total'),
    },
    { title: 'Consumers lost', unit: 'ops', queries: rateBy('shard', 'parley_log_reader_restarts_total') },
    {
      title: 'Shards by worker',
      unit: 'short',
      queries: one('{{role}} {{instance}}', 'sum by (role, instance) (parley_leased_shards)'),
    },
    {
      title: 'Leases and beats that failed',
      unit: 'ops',
      queries: [
        ['leases: {{role}}', `sum by (role) (${rate('parley_lease_failures_total')})`],
        ['beats', `sum(${rate('parley_delivery_beat_failures_total')})`],
      ],
    },
    {
      title: 'Parked and void',
      unit: 'short',
      queries: [
        ['parked: {{reader}}', 'sum by (reader) (parley_projection_parked_conversations)'],
        ['parked since the start: {{projection}}', 'sum by (projection) (parley_projection_parked_total)'],
        ['parked since the start: {{projection}}', 'sum by (projection) (parley_projection_parked_total)'],
        ['passed over: {{projection}}', 'sum by (projection) (parley_projection_passed_over_events_total)'],
        ['void: {{projection}}', 'sum by (projection) (parley_projection_void_events_total)'],
      ],
    },
    {
      title: 'Restarts of nats-server (standalone)',
      unit: 'short',
      queries: one('{{instance}}', 'parley_nats_restarts_total'),
    },
  ],
};

const STORES: Dashboard = {
  name: 'stores',
  title: 'Parley: Cassandra and Redis',
  panels: [
    { title: 'CQL', unit: 's', queries: quantiles('parley_cql_request_seconds', 'kind') },
    { title: 'CQL requests', unit: 'ops', queries: rateBy('kind', 'parley_cql_request_seconds_count') },
    { title: 'CQL failures', unit: 'ops', queries: rateBy('kind', 'parley_cql_failures_total') },
    { title: 'Redis', unit: 's', queries: quantiles('parley_redis_call_seconds') },
    { title: 'Redis calls', unit: 'ops', queries: rateBy('instance', 'parley_redis_call_seconds_count') },
    { title: 'Redis failures', unit: 'ops', queries: rateBy('instance', 'parley_redis_failures_total') },
    {
      title: 'Memory',
      unit: 'bytes',
      queries: one('{{instance}} {{kind}}', 'sum by (instance, kind) (parley_process_memory_bytes)'),
    },
    { title: 'Processor', unit: 'percentunit', queries: rateBy('instance', 'parley_process_cpu_seconds_total') },
  ],
};

/** Besides these, all of them can be seen of one process with everything in it. */
export const FLEET_DASHBOARDS: readonly Dashboard[] = [STORES];
export const DASHBOARDS: readonly Dashboard[] = [OVERVIEW, GATEWAYS, LOG, STORES];
