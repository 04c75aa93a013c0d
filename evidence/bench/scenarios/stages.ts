// Where the time of one message goes, at half the knee: by the server's own histograms and by what its clients saw.
import type { Bench } from '../bench.ts';
import { histogram, quantileBetween, type Bucket } from '../metrics.ts';
import { foundPairs } from '../systems.ts';

const pairs = 128;
const stages = [
  { name: 'append: JetStream, without the wait in the queue (budget 5 – 20)', metric: 'parley_log_append_seconds' },
  { name: 'receive, validate, decide, queue and append: to the ack', metric: 'parley_gateway_ack_seconds' },
  { name: 'registry and publish: from the log to the socket (budget 10)', metric: 'parley_gateway_delivery_seconds' },
] as const;

export async function stagesAtHalf(bench: Bench): Promise<void> {
  const { metricsUrls } = bench.system;
  if (metricsUrls.length === 0) return;
  const scenario = 'stages at half the knee';
  const conversations = await foundPairs(bench.system, pairs, 'stage');
  const most = await bench.talk({ scenario, load: `${pairs} pairs, closed, 1 in flight` }, conversations, {
    type: 'closed',
    inFlight: 1,
  });
  const half = { type: 'open', perSecond: most.ackedPerSecond / 2 } as const;
  for (let run = 0; run < bench.settings.runs; run++) {
    const before = await all(metricsUrls);
    const seen = await bench.talk({ scenario, load: 'open, half of that' }, conversations, half);
    const after = await all(metricsUrls);
    for (const [at, { name }] of stages.entries()) {
      bench.add(
        { scenario, name: `${name}, p50`, unit: 'ms' },
        quantileBetween(before[at] ?? [], after[at] ?? [], 0.5),
      );
      bench.add(
        { scenario, name: `${name}, p99`, unit: 'ms' },
        quantileBetween(before[at] ?? [], after[at] ?? [], 0.99),
      );
    }
    bench.add({ scenario, name: 'ack back at the sender, p99', unit: 'ms' }, seen.ackMs[1]);
    bench.add({ scenario, name: 'end to end, at the other client, p99 (budget 30)', unit: 'ms' }, seen.deliveryMs[1]);
  }
}

const all = (urls: readonly string[]): Promise<(readonly Bucket[])[]> =>
  Promise.all(stages.map(({ metric }) => histogram(urls, metric)));
