// Is the server we started answering for JetStream? It listens before that, and recovers its streams first.
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { World } from '@parley/domain';

const probeTimeoutMs = 1_000;
const probePauseMs = 25;

/** False when the signal aborts, or the time is up, before it answers. */
export async function untilServerReady(
  url: string,
  { world, withinMs, signal }: { readonly world: World; readonly withinMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const deadlineTs = world.now() + withinMs;
  while (!signal.aborted && world.now() < deadlineTs) {
    if (await answers(url)) return true;
    await world.sleep(probePauseMs, signal);
  }
  return false;
}

async function answers(url: string): Promise<boolean> {
  try {
    await using nc = await connect({ servers: url, reconnect: false, timeout: probeTimeoutMs });
    await jetstreamManager(nc, { timeout: probeTimeoutMs });
    return true;
  } catch {
    return false; // whatever is wrong, it does not answer yet
  }
}
