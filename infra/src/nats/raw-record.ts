// An event exactly as its stream has it, for whoever carries it elsewhere or has to look at one that this build cannot read.
import type { Position, StoredEvent } from '@parley/domain';
import { decodeEvent } from './codec.ts';
import { rfc3339ToMs } from './timestamps.ts';

export interface RawRecord {
  readonly subject: string;
  readonly position: Position;
  /** When it was stored: RFC 3339, with nanoseconds. */
  readonly time: string;
  /** As they were published. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Throws UnknownEventVersion or MalformedEvent. */
export const decodeRaw = ({ subject, position, time, body }: RawRecord): StoredEvent =>
  decodeEvent({ subject, position, storedTs: rfc3339ToMs(time), body });

/** A header block as NATS writes it (NATS protocol, HMSG). */
export function parseHeaders(block: string): Readonly<Record<string, string>> {
  const lines = block.split('\r\n').slice(1);
  return Object.fromEntries(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
    }),
  );
}
