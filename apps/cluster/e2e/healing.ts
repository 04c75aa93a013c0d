// How long a fault was felt: by those who sent, by those who read, by those who lost their connection.
import { quantile, type RecordingClient } from '@parley/proof';

export interface Inflicted {
  readonly fault: string;
  readonly fromTs: number;
  /** When the next one began, or the load ended. */
  readonly toTs: number;
}

/** A send or a reading that took longer was held up. */
const heldUpMs = 1_000;
/** Looked at together: what began within so long. It is well when nine in ten were not held up. */
const sliceMs = 500;
const heldUpShareMax = 0.1;
/** So many slices in a row that are well: it is over. */
const slicesWell = 3;

export interface Felt {
  readonly fault: string;
  readonly times: number;
  /** Acks of what was said from each fault to the next. */
  readonly acked: number;
  /** From the fault until sends were not held up any more; 0 when they never were. One number for each time. */
  readonly ackHealMs: readonly number[];
  /** The same of readers, each of whom has to see each message. */
  readonly readHealMs: readonly number[];
  /** From a lost connection's last word to the next `hello`; one number for each. */
  readonly reconnectMs: readonly number[];
}

export function feel(inflicted: readonly Inflicted[], clients: readonly RecordingClient[]): readonly Felt[] {
  const acks = clients.flatMap((client) => client.acks);
  const sentTs = new Map(acks.map((ack) => [ack.clientMsgId, ack.sentTs]));
  const readings = clients.flatMap((client) =>
    [...client.entries.values()].flatMap((entries) =>
      [...entries.values()].flatMap(({ clientMsgId = '', seenTs }) => {
        const from = sentTs.get(clientMsgId);
        return from === undefined ? [] : [{ fromTs: from, doneTs: seenTs }];
      }),
    ),
  );
  const sends = acks.map((ack) => ({ fromTs: ack.sentTs, doneTs: ack.sentTs + ack.tookMs }));
  const returns = clients.flatMap(({ disconnections, helloTs }) =>
    disconnections.flatMap(({ fromTs, endedTs }) => {
      const doneTs = helloTs.find((ts) => ts >= endedTs);
      return doneTs === undefined ? [] : [{ fromTs, doneTs }];
    }),
  );
  return [...Map.groupBy(inflicted, ({ fault }) => fault)].map(([fault, times]) => ({
    fault,
    times: times.length,
    acked: times.reduce((sum, time) => sum + within(sends, time).length, 0),
    ackHealMs: times.map((time) => healMs(within(sends, time), time)),
    readHealMs: times.map((time) => healMs(within(readings, time), time)),
    reconnectMs: times.flatMap((time) => within(returns, time).map(({ fromTs, doneTs }) => doneTs - fromTs)),
  }));
}

interface Waited {
  readonly fromTs: number;
  readonly doneTs: number;
}

const within = (waits: readonly Waited[], { fromTs, toTs }: Inflicted): readonly Waited[] =>
  waits.filter((wait) => wait.fromTs >= fromTs - heldUpMs && wait.fromTs < toTs);

function healMs(waits: readonly Waited[], { fromTs }: Inflicted): number {
  const slices = Map.groupBy(waits, (wait) => Math.floor((wait.fromTs - fromTs) / sliceMs));
  let healedMs = 0;
  let well = 0;
  for (const slice of [...slices.keys()].toSorted((a, b) => a - b)) {
    const all = slices.get(slice) ?? [];
    const heldUp = all.filter((wait) => wait.doneTs - wait.fromTs > heldUpMs);
    well = heldUp.length > all.length * heldUpShareMax ? 0 : well + 1;
    if (well === 0) healedMs = Math.max(healedMs, ...heldUp.map(({ doneTs }) => doneTs - fromTs));
    if (well === slicesWell && slice >= slicesWell) break;
  }
  return healedMs;
}

const seconds = (values: readonly number[], q: number): string =>
  values.length === 0 ? '-' : (quantile(values, q) / 1_000).toFixed(1);

/** Markdown, times in seconds. */
export function killTable(felt: readonly Felt[]): string {
  const rows = felt.map(
    ({ fault, times, acked, ackHealMs, readHealMs, reconnectMs }) =>
      `| ${fault} | ${times} | ${acked} | 0 | ${seconds(ackHealMs, 0.5)} / ${seconds(ackHealMs, 1)} | ` +
      `${seconds(readHealMs, 0.5)} / ${seconds(readHealMs, 1)} | ` +
      `${reconnectMs.length}: ${seconds(reconnectMs, 0.5)} / ${seconds(reconnectMs, 1)} |`,
  );
  return [
    '| fault | times | acked meanwhile | lost | send heal p50 / max s | read heal p50 / max s | reconnects: p50 / max s |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
