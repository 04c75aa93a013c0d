// One bench: what is measured, how often, and what came of it.
import { begin, generate } from './load/generator.ts';
import { quantilesOf } from './load/stopwatch.ts';
import type { Talk, TalkResult } from './load/talk.ts';
import { stolenSeconds } from './processes.ts';
import type { Figure, LoadLine, LoadRun } from './report.ts';
import { spent, type Conversation, type System } from './systems.ts';

export interface Settings {
  /** Of every figure. */
  readonly runs: number;
  /** Of one load, after its warm-up. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly report: (line: string) => void;
  readonly rebuild: { readonly events: number; readonly data: string; readonly cassandra: boolean };
}

/** As in the marks that others are measured by. */
const bodyBytes = 128;

export class Bench {
  readonly system: System;
  readonly settings: Settings;
  readonly figures: Figure[];
  readonly loads: LoadLine[];

  /** `outer` has the figures of another system, which these join. */
  constructor(system: System, settings: Settings, outer?: Pick<Bench, 'figures' | 'loads'>) {
    this.system = system;
    this.settings = settings;
    this.figures = outer?.figures ?? [];
    this.loads = outer?.loads ?? [];
  }

  /** One run of a figure, and one of its limit; the first names them. */
  add(
    figure: Omit<Figure, 'runs' | 'limit'>,
    value: number,
    limit?: { readonly name: string; readonly value: number },
  ): void {
    const known = this.figures.find(({ scenario, name }) => scenario === figure.scenario && name === figure.name);
    const entry = known ?? { ...figure, runs: [], ...(limit && { limit: { name: limit.name, runs: [] } }) };
    if (!known) this.figures.push(entry);
    entry.runs.push(value);
    if (limit) entry.limit?.runs.push(limit.value);
    this.settings.report(
      `${figure.scenario}: ${figure.name} ${value.toFixed(2)} ${figure.unit}${limit ? `, limit ${limit.value.toFixed(2)}` : ''}`,
    );
  }

  /** One run of a load. */
  async talk(
    line: Omit<LoadLine, 'runs'>,
    conversations: readonly Conversation[],
    pace: Talk['pace'],
  ): Promise<LoadRun> {
    const { seconds, warmUpSeconds } = this.settings;
    const job = { urls: this.system.socketUrls, conversations, bodyBytes, pace, warmUpSeconds, seconds };
    const before = { spent: spent(this.system), stolen: stolenSeconds() };
    const { result, usage } = await generate('talk', job);
    const after = spent(this.system);
    const perSecond = (used: number): number => used / usage.wallSeconds;
    const parts = Object.entries(after).map(
      ([part, now]) => [part, perSecond(now - (before.spent[part] ?? 0))] as const,
    );
    const cores = {
      ...Object.fromEntries(parts.filter(([, used]) => used > 0)),
      generator: perSecond(usage.cpuSeconds),
      stolen: perSecond(stolenSeconds() - before.stolen),
    };
    const run = { ...toRun(result, seconds), ...(pace.type === 'open' && { offeredPerSecond: pace.perSecond }), cores };
    const known = this.loads.find(({ scenario, load }) => scenario === line.scenario && load === line.load);
    if (known) known.runs.push(run);
    else this.loads.push({ ...line, runs: [run] });
    this.settings.report(
      `${line.scenario}, ${line.load}: ${run.ackedPerSecond.toFixed(0)} acked/s, ack p99 ${run.ackMs[1].toFixed(1)} ms, delivery p99 ${run.deliveryMs[1].toFixed(1)} ms`,
    );
    return run;
  }

  /** What `js.publish` does on this log with so many in flight. */
  async rawPublish(
    inFlight: number,
    conditional: boolean,
  ): Promise<{ readonly perSecond: number; readonly p99: number }> {
    const { system, settings } = this;
    const { result } = await generate('rawPublish', {
      server: system.nats,
      streams: system.shards,
      replicas: system.replicas,
      payloadBytes: eventBytes,
      inFlight,
      conditional,
      warmUpSeconds: settings.warmUpSeconds,
      seconds: settings.seconds,
    });
    return { perSecond: result.perSecond, p99: quantilesOf([result.latency]).p99 };
  }
}

export { begin, generate };

/** The body of the event of a message of `bodyBytes`; its headers are not in it. */
const eventBytes = 380;

function toRun(result: TalkResult, seconds: number): Omit<LoadRun, 'cores'> {
  const quantiles = (packed: string): readonly [number, number, number] => {
    const { p50, p99, p999 } = quantilesOf([packed]);
    return [p50, p99, p999];
  };
  const refused = Object.values(result.refused).reduce((sum, count) => sum + count, 0);
  return {
    ackedPerSecond: result.acked / seconds,
    copiesPerSecond: result.delivered / seconds,
    refusedPerSecond: refused / seconds,
    unanswered: result.unanswered,
    ackMs: quantiles(result.ack),
    deliveryMs: quantiles(result.delivery),
  };
}
