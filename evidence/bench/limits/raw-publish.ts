// The limit of the log: the client library's own `js.publish` on the same nats-server, with the same number of streams, the same
// settings and records of the same size. Nothing of the house runs.
import { setTimeout as pause } from 'node:timers/promises';
import { jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node';
import { createHistogram, nowUs, packHistogram, record } from '../load/stopwatch.ts';

export interface RawPublish {
  readonly server: NodeConnectionOptions;
  readonly streams: number;
  readonly replicas: 1 | 3;
  readonly payloadBytes: number;
  readonly inFlight: number;
  /** With what every append has: a message id, and a condition on one subject. */
  readonly conditional: boolean;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface RawPublishResult {
  readonly perSecond: number;
  readonly latency: string;
}

export async function rawPublish(job: RawPublish): Promise<RawPublishResult> {
  const nc = await connect({ ...job.server, noAsyncTraces: true });
  try {
    const jsm = await jetstreamManager(nc);
    for (let stream = 0; stream < job.streams; stream++) {
      await jsm.streams.add({
        name: `RAW_${stream}`,
        subjects: [`raw.${stream}.>`],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        num_replicas: job.replicas,
      });
    }
    const js = jetstream(nc);
    const payload = new Uint8Array(job.payloadBytes).fill(120);
    const run = crypto.randomUUID();
    const publish = (lane: number, nth: number): Promise<unknown> => {
      const stream = lane % job.streams;
      if (!job.conditional) return js.publish(`raw.${stream}.${lane}.msg`, payload);
      const expect = { lastSubjectSequence: 0, lastSubjectSequenceSubject: `raw.${stream}.${lane}.meta` };
      return js.publish(`raw.${stream}.${lane}.msg`, payload, { msgID: `${run}-${lane}-${nth}`, expect });
    };
    const result = await keepPublishing(job, publish);
    for (let stream = 0; stream < job.streams; stream++) await jsm.streams.delete(`RAW_${stream}`);
    return result;
  } finally {
    await nc.close();
  }
}

async function keepPublishing(
  { inFlight, warmUpSeconds, seconds }: RawPublish,
  publish: (lane: number, nth: number) => Promise<unknown>,
): Promise<RawPublishResult> {
  const latency = createHistogram();
  const fromUs = nowUs() + warmUpSeconds * 1e6;
  const toUs = fromUs + seconds * 1e6;
  let count = 0;
  const lane = async (index: number): Promise<void> => {
    for (let nth = 0; nowUs() < toUs; nth++) {
      const startedUs = nowUs();
      await publish(index, nth);
      if (startedUs < fromUs) continue;
      record(latency, nowUs() - startedUs);
      count++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => lane(index)));
  await pause(0);
  return { perSecond: count / seconds, latency: packHistogram(latency) };
}
