// How each kind of process is asked whether it works: over the network, as its clients would.
import { once } from 'node:events';
import { connect } from 'node:net';

const answerMsMax = 2_000;

/** `GET`, 200: well. */
export async function probeHttp(url: string): Promise<string | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) });
  const text = await response.text();
  return response.ok ? undefined : reasonsIn(text);
}

/** The reasons of `/readyz`; NATS says one under `error`. */
function reasonsIn(text: string): string {
  try {
    const { reasons, error } = JSON.parse(text) as { reasons?: readonly string[]; error?: string };
    return reasons?.join(', ') ?? error ?? text;
  } catch {
    return text.trim();
  }
}

/** Redis says `+PONG`, or why not. */
export async function probeRedis(port: number): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    const signal = AbortSignal.timeout(answerMsMax);
    await once(socket, 'connect', { signal });
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
    const text = answer.toString().trim();
    return text === '+PONG' ? undefined : text;
  } finally {
    socket.destroy();
  }
}

/** The native protocol's version 5: OPTIONS is answered before anyone says who they are. */
const OPTIONS = Buffer.from([0x05, 0, 0, 0, 0x05, 0, 0, 0, 0]);
const SUPPORTED = 0x06;

export async function probeCassandra(host: string, port: number): Promise<string | undefined> {
  const socket = connect(port, host);
  try {
    const signal = AbortSignal.timeout(answerMsMax);
    await once(socket, 'connect', { signal });
    socket.write(OPTIONS);
    const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
    return answer[4] === SUPPORTED ? undefined : 'does not speak CQL';
  } finally {
    socket.destroy();
  }
}
