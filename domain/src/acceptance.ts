// The rules that make a retry safe for ever without keeping a set of ids (ADR 6): which stored events are void, which
// way a client's id takes, and how long a copy of it may still be stored.
import type { StoredEvent } from './event.ts';
import { uuidV7TimestampMs, type ClientMessageId } from './ids.ts';
import type { TimestampMs } from './world.ts';

export const ACCEPTANCE = {
  /** An event stored later than its publish time plus this is void. */
  notAfterMs: 30_000,
  /** An id further in the future than this is refused: its copies could outlive the log's window. */
  clockAheadMsMax: 15_000,
  /**
   * An id older than this takes the look-up. The fast copies of an id are so stored from 15 s before its time to 90 s after
   * it, give or take the clocks: within the log's window.
   */
  fastPathAgeMsMax: 60_000,
  /** After a look-up at T the event is published by T + this … */
  lookUpPublishMs: 30_000,
  /** … with a not-after of at most T + this. */
  lookUpNotAfterMs: 60_000,
  /** A PubAck nearer to not-after than this proves nothing: the stored event is read back. */
  ackMarginMs: 5_000,
  /** What the log remembers of idempotency keys. */
  dedupWindowMs: 120_000,
  /** A gateway whose clock is further off the log's than this is not ready. */
  clockSkewMsMax: 5_000,
} as const;

export type Judged<Event extends StoredEvent = StoredEvent> =
  | { readonly verdict: 'accepted'; readonly stored: Event }
  | { readonly verdict: 'void'; readonly stored: Event };

/** The same answer for every reader, for ever: it looks at nothing but the record. */
export const isVoid = (stored: StoredEvent): boolean => stored.storedTs > stored.notAfterTs;

export type IdPath =
  | { readonly type: 'fast'; readonly notAfterTs: TimestampMs }
  | { readonly type: 'look-up' }
  | { readonly type: 'clock-ahead' };

/** Which way a client's id takes at a gateway whose clock says `now`. */
export function idPath(id: ClientMessageId, now: TimestampMs): IdPath {
  const mintedTs = uuidV7TimestampMs(id);
  if (mintedTs === undefined) return { type: 'look-up' };
  if (mintedTs > now + ACCEPTANCE.clockAheadMsMax) return { type: 'clock-ahead' };
  if (mintedTs < now - ACCEPTANCE.fastPathAgeMsMax) return { type: 'look-up' };
  return { type: 'fast', notAfterTs: now + ACCEPTANCE.notAfterMs };
}

/** Not-after of an event published now after a look-up begun at `lookedUpTs`; undefined when it is too late to publish. */
export function notAfterLookUp(lookedUpTs: TimestampMs, now: TimestampMs): TimestampMs | undefined {
  if (now > lookedUpTs + ACCEPTANCE.lookUpPublishMs) return undefined;
  return Math.min(now + ACCEPTANCE.notAfterMs, lookedUpTs + ACCEPTANCE.lookUpNotAfterMs);
}
