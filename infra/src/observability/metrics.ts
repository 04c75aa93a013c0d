// The metrics of a process. Hot paths add to plain numbers; OpenTelemetry reads them when somebody asks, and gives the text
// that Prometheus scrapes. One place names them all: `metric-table.ts`.
import type { Histogram, Meter, ObservableResult } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  METRIC_TABLE,
  type CellName,
  type EntriesName,
  type HistogramName,
  type Labels,
  type MetricName,
} from './metric-table.ts';
import { SeriesFamily, type Cell } from './series-family.ts';

export interface Sample<Name extends MetricName> {
  readonly value: number;
  readonly labels: Labels<Name>;
}

export interface MetricsOptions {
  /** A label of every series. */
  readonly region?: string;
}

export class Metrics implements AsyncDisposable {
  readonly #exporter = new PrometheusExporter({ preventServerStart: true });
  readonly #serializer = new PrometheusSerializer(...SERIALIZER_OPTIONS);
  readonly #provider: MeterProvider;
  readonly #meter: Meter;
  readonly #families = new Map<CellName, SeriesFamily>();
  readonly #histograms = new Map<HistogramName, Histogram>();
  readonly #onError: (error: unknown) => void;

  /** `onError` hears of a watched value that could not be read; the others are exported. */
  constructor(onError: (error: unknown) => void, labels: MetricsOptions = {}) {
    this.#onError = onError;
    const resource = resourceFromAttributes({ ...labels });
    this.#provider = new MeterProvider({ readers: [this.#exporter], resource });
    this.#meter = this.#provider.getMeter('parley');
  }

  /** The number behind one series, from now on exported: keep it where labels do not change, and add to it. */
  cell<Name extends CellName>(name: Name, labels: Labels<Name>): Cell {
    return this.#family(name).cell(labels);
  }

  /** Counts a time, given in milliseconds, into the buckets. */
  record<Name extends Exclude<HistogramName, EntriesName>>(name: Name, elapsedMs: number, labels: Labels<Name>): void {
    this.#histogram(name).record(elapsedMs / 1000, labels);
  }

  /** Counts how many there were of something into the buckets. */
  recordEntries(name: EntriesName, entries: number): void {
    this.#histogram(name).record(entries);
  }

  /** Asks for the values of a metric whenever the metrics are read. */
  watch<Name extends CellName>(name: Name, read: () => Promise<readonly Sample<Name>[]>): void {
    this.#observable(name, async (result) => {
      for (const { value, labels } of await read()) result.observe(value, labels);
    });
  }

  /** Prometheus text format 0.0.4. */
  async text(): Promise<string> {
    const { resourceMetrics, errors } = await this.#exporter.collect({ timeoutMillis: collectMsMax });
    for (const error of errors) this.#onError(error);
    return this.#serializer.serialize(resourceMetrics);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#provider.shutdown();
  }

  #family(name: CellName): SeriesFamily {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const family = new SeriesFamily();
    this.#families.set(name, family);
    this.#observable(name, (result) => {
      for (const { cell, labels } of family.series()) result.observe(cell.value, labels);
    });
    return family;
  }

  #observable(name: CellName, callback: (result: ObservableResult) => void | Promise<void>): void {
    const { name: exported, kind, text } = METRIC_TABLE[name];
    const options = { description: text };
    const instrument =
      kind === 'counter'
        ? this.#meter.createObservableCounter(exported, options)
        : this.#meter.createObservableGauge(exported, options);
    instrument.addCallback(callback);
  }

  #histogram(name: HistogramName): Histogram {
    const known = this.#histograms.get(name);
    if (known !== undefined) return known;
    const { name: exported, text, bounds } = METRIC_TABLE[name];
    const histogram = this.#meter.createHistogram(exported, {
      description: text,
      advice: { explicitBucketBoundaries: [...bounds] },
    });
    this.#histograms.set(name, histogram);
    return histogram;
  }
}

/** A scrape does not wait longer for a value that has to be fetched. */
const collectMsMax = 5_000;

/** No prefix, no times, the region where it is known, neither `target_info` nor the scope: one process is one target. */
const SERIALIZER_OPTIONS = ['', false, /^region$/, true, true] as const;
