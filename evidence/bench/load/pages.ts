// Pages of history over REST, one after the other in each lane.
import { Agent, request } from 'node:http';
import { createHistogram, nowUs, packHistogram, record } from './stopwatch.ts';
import { signToken } from './tokens.ts';

export interface Pages {
  readonly base: string;
  readonly userId: string;
  readonly conversationIds: readonly string[];
  readonly limit: number;
  readonly inFlight: number;
  readonly seconds: number;
}

export interface PagesResult {
  readonly perSecond: number;
  readonly latency: string;
}

export async function readPages({
  base,
  userId,
  conversationIds,
  limit,
  inFlight,
  seconds,
}: Pages): Promise<PagesResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const headers = { authorization: `Bearer ${signToken(userId)}` };
  const latency = createHistogram();
  const toUs = nowUs() + seconds * 1e6;
  let count = 0;
  const lane = async (): Promise<void> => {
    for (; nowUs() < toUs; count++) {
      const startedUs = nowUs();
      const id = conversationIds[count % conversationIds.length] ?? '';
      await getPage(`${base}/v1/conversations/${id}/messages?limit=${limit}`, { agent, headers }, limit);
      record(latency, nowUs() - startedUs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  agent.destroy();
  return { perSecond: count / seconds, latency: packHistogram(latency) };
}

function getPage(url: string, options: object, limit: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const page = JSON.parse(Buffer.concat(chunks).toString()) as { messages?: unknown[] };
        if (page.messages?.length === limit) resolve();
        else reject(new Error(`${response.statusCode}: ${page.messages?.length} messages of ${limit}`));
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
