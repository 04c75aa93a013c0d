// Traces of sampled messages by OpenTelemetry: frame, append, and each reader that applied the event, under one trace id. Loaded
// only where they are wanted. A collector that is away costs spans, nothing else.
import { ROOT_CONTEXT, trace, type Context, type Span, type SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Shard, StoredEvent, World } from '@parley/domain';

const TRACES = {
  /** Spans wait for each other this long, and are sent together. */
  gatherMs: 1_000,
  /** For one call of the collector; what it did not take is lost. */
  sendMsMax: 2_000,
  /** Older events are read again, not delivered: their traces have long been told. */
  eventAgeMsMax: 60_000,
} as const;

export interface TracesOptions {
  readonly url: string;
  /** The share of messages that are traced, of 1. */
  readonly sample: number;
  /** `service.name`: `parley-gateway`. */
  readonly service: string;
  readonly region?: string | undefined;
  readonly world: Pick<World, 'now'>;
}

/** One piece of work; it ends when it is disposed. */
export interface Trace extends Disposable {
  /** For who goes on with it (W3C Trace Context). */
  readonly traceparent: string;
  note(fields: Readonly<Record<string, string | number | boolean>>): void;
}

export interface Traces extends AsyncDisposable {
  /** A new one; undefined when it is not sampled. */
  begin(name: string): Trace | undefined;
  /** A piece of one; undefined when that cannot be read. */
  goOn(name: string, traceparent: string): Trace | undefined;
  /** An event that carries one has arrived in this process. */
  arrived(stored: StoredEvent, traceparent: string): void;
  applied(reader: string, shard: Shard, events: readonly StoredEvent[]): void;
}

interface Arrival {
  readonly parent: Context;
  readonly arrivedTs: number;
}

export function startTraces({ url, sample, service, region, world }: TracesOptions): Traces {
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: TRACES.sendMsMax });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      ...(region !== undefined && { 'cloud.region': region }),
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sample) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: TRACES.gatherMs })],
  });
  const tracer = provider.getTracer('parley');
  // By the event itself, so that neither folds nor stores ever see what it came with.
  const arrivals = new WeakMap<StoredEvent, Arrival>();
  return {
    begin: (name) => sampled(tracer.startSpan(name, {}, ROOT_CONTEXT)),
    goOn(name, traceparent) {
      const parent = contextOf(traceparent);
      return parent && sampled(tracer.startSpan(name, {}, parent));
    },
    arrived(stored, traceparent) {
      const arrivedTs = world.now();
      const parent = contextOf(traceparent);
      if (parent && arrivedTs - stored.storedTs < TRACES.eventAgeMsMax) arrivals.set(stored, { parent, arrivedTs });
    },
    applied(reader, shard, events) {
      for (const stored of events) {
        const arrival = arrivals.get(stored);
        if (arrival === undefined) continue;
        const attributes = { 'parley.shard': shard, 'parley.position': stored.position };
        const startTime = arrival.arrivedTs;
        tracer.startSpan(`apply ${reader}`, { startTime, attributes }, arrival.parent).end(world.now());
      }
    },
    [Symbol.asyncDispose]: () => provider.shutdown(),
  };
}

function sampled(span: Span): Trace | undefined {
  if (!span.isRecording()) return undefined;
  return {
    traceparent: textOf(span.spanContext()),
    note: (fields) => void span.setAttributes(fields),
    [Symbol.dispose]: () => span.end(),
  };
}

/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00; the last byte says that it is sampled. */
const textOf = ({ traceId, spanId }: SpanContext): string => `00-${traceId}-${spanId}-01`;

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;

function contextOf(traceparent: string): Context | undefined {
  const [, traceId, spanId] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1, isRemote: true });
}
