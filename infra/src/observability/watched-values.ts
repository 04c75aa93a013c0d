// Values that are asked for when the metrics are read, because nobody could count them as they change.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import type { Metrics } from './metrics.ts';

export function watchOutbox(metrics: Metrics, size: () => number): void {
  metrics.watch('logOutbox', async () => [{ value: size(), labels: {} }]);
}

export function watchProcess(metrics: Metrics): void {
  metrics.watch('processMemory', async () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    const kinds = { resident: rss, heap: heapUsed, external };
    return Object.entries(kinds).map(([kind, value]) => ({ value, labels: { kind } }));
  });
  metrics.watch('processCpu', async () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1e6, labels: {} }];
  });
}

const resolutionMs = 10;

/** Measures until disposed. */
export function watchEventLoop(metrics: Metrics): Disposable {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  metrics.watch('eventLoopDelay', async () => {
    // The histogram counts from one tick of its timer to the next: what is beyond the timer's own time is delay.
    const lateNs = delay.count === 0 ? 0 : delay.percentile(99) - resolutionMs * 1e6;
    delay.reset();
    return [{ value: Math.max(0, lateNs) / 1e9, labels: {} }];
  });
  return { [Symbol.dispose]: () => void delay.disable() };
}
