// One readable line for a stored body, for `parley decode`: operators pipe bodies through it, ours or not.
import { MalformedEvent } from '@parley/domain';
import { decodeRecord } from './codec.ts';

/** Never throws: what is not an event of ours is described as such. */
export function describeEvent(body: Uint8Array): string {
  try {
    const { event, actor, meta, notAfter, data } = decodeRecord(body, 'body');
    const limit = Number.isFinite(new Date(notAfter).getTime()) ? new Date(notAfter).toISOString() : `${notAfter}`;
    return `${event} actor=${actor} meta=${meta} not-after=${limit} ${JSON.stringify(data)}`;
  } catch (error) {
    if (error instanceof MalformedEvent) return `error: ${error.message} (${body.length} bytes)`;
    throw error;
  }
}
