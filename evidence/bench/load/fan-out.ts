// Hears what the bare fan-out server writes (`limits/fan-out-worker.ts`).
import { openBare } from './hold.ts';
import { createHistogram, nowUs, packHistogram, record } from './stopwatch.ts';

export interface FanOutLoad {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface FanOutResult {
  readonly copiesPerSecond: number;
  readonly latency: string;
}

export async function hearFanOut({ url, connections, seconds }: FanOutLoad): Promise<FanOutResult> {
  const latency = createHistogram();
  let copies = 0;
  const sockets = await Promise.all(Array.from({ length: connections }, () => openBare(url)));
  for (const socket of sockets) {
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('latin1')) as { readonly body: string };
      record(latency, nowUs() - Number(frame.body.slice(0, 16)));
      copies++;
    });
  }
  sockets[0]?.send('begin');
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  for (const socket of sockets) socket.terminate();
  return { copiesPerSecond: copies / seconds, latency: packHistogram(latency) };
}
