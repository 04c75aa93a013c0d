import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCEPTANCE, idPath, isVoid, notAfterLookUp } from './acceptance.ts';
import type { ClientMessageId } from './ids.ts';
import { clientId, said, startTs as now, stored } from './testing/facts.ts';

describe('a void event', () => {
  it('is one that was stored after its not-after', () => {
    const storedAt = (storedTs: number) => stored(1, said('late'), { notAfterTs: now, storedTs });
    expect(isVoid(storedAt(now - 1))).toBe(false);
    expect(isVoid(storedAt(now))).toBe(false);
    expect(isVoid(storedAt(now + 1))).toBe(true);
  });
});

describe('the way an id takes', () => {
  it('is fast up to 15 s ahead, and refused beyond', () => {
    expect(idPath(clientId(now + 15_000), now).type).toBe('fast');
    expect(idPath(clientId(now + 15_001), now)).toEqual({ type: 'clock-ahead' });
  });

  it('is fast up to 60 s behind, and the look-up beyond', () => {
    expect(idPath(clientId(now - 60_000), now).type).toBe('fast');
    expect(idPath(clientId(now - 60_001), now)).toEqual({ type: 'look-up' });
  });

  it('is the look-up for an id of another version, whatever time it seems to hold', () => {
    const version4 = clientId(now).replace('-7000-', '-4000-') as ClientMessageId;
    expect(idPath(version4, now)).toEqual({ type: 'look-up' });
  });

  it('gives a fast copy 30 s from now, but never more than 90 s from the time of the id', () => {
    const notAfter = (ageMs: number) => idPath(clientId(now - ageMs), now);
    expect(notAfter(-15_000)).toEqual({ type: 'fast', notAfterTs: now + 30_000 });
    expect(notAfter(0)).toEqual({ type: 'fast', notAfterTs: now + 30_000 });
    expect(notAfter(60_000)).toEqual({ type: 'fast', notAfterTs: now + 30_000 });
    fc.assert(
      fc.property(fc.integer({ min: -15_000, max: 60_000 }), (ageMs) => {
        const path = notAfter(ageMs);
        if (path.type !== 'fast') throw new Error('it is fast');
        expect(path.notAfterTs).toBeLessThanOrEqual(now - ageMs + 90_000);
      }),
    );
  });

  it('lets an event be published until 30 s after its look-up, and no later', () => {
    expect(notAfterLookUp(now, now)).toBe(now + 30_000);
    expect(notAfterLookUp(now, now + 1)).toBe(now + 30_001);
    expect(notAfterLookUp(now, now + 30_000)).toBe(now + 60_000);
    expect(notAfterLookUp(now, now + 30_001)).toBeUndefined();
  });
});

/** Milliseconds of true time, which is the log's: it judges, gateways may be off by the skew that makes them unready. */
const skewMs = fc.integer({ min: -ACCEPTANCE.clockSkewMsMax, max: ACCEPTANCE.clockSkewMsMax });
const mintedTs = 1_000_000;

interface Attempt {
  /** When the gateway begins with it. */
  readonly startTs: number;
  readonly skewMs: number;
  /** From then until a look-up has asked for the head, and until its event may be published at the latest. */
  readonly headMs: number;
  readonly publishShare: number;
  /** From publishing until the log may store it at the latest. */
  readonly storeShare: number;
}

const aShare = fc.nat(1_000).map((thousandths) => thousandths / 1_000);

const anAttempt = (latestMs: number): fc.Arbitrary<Attempt> =>
  fc.record({
    startTs: fc.integer({ min: mintedTs - 20_000, max: mintedTs + latestMs }),
    skewMs,
    headMs: fc.nat(5_000),
    publishShare: aShare,
    storeShare: aShare,
  });

interface Copy {
  readonly path: 'fast' | 'look-up';
  /** Nothing stored up to here was unseen by its look-up. */
  readonly seenTs: number;
  readonly storedTs: number;
}

/** What becomes of one attempt, by itself: a copy that is accepted, or none. */
function copyOf(attempt: Attempt, id: ClientMessageId): Copy | undefined {
  const { startTs, skewMs, headMs } = attempt;
  const path = idPath(id, startTs + skewMs);
  if (path.type === 'clock-ahead') return undefined;
  const publishTs =
    path.type === 'fast' ? startTs : startTs + headMs + Math.floor(attempt.publishShare * ACCEPTANCE.lookUpPublishMs);
  const notAfterTs = path.type === 'fast' ? path.notAfterTs : notAfterLookUp(startTs + skewMs, publishTs + skewMs);
  if (notAfterTs === undefined) return undefined;
  const storedTs = publishTs + Math.floor(attempt.storeShare * (ACCEPTANCE.notAfterMs + ACCEPTANCE.clockSkewMsMax));
  if (isVoid(stored(1, said('copy', id), { notAfterTs, storedTs }))) return undefined;
  return { path: path.type, seenTs: startTs + headMs, storedTs };
}

const bothCopies = (one: Attempt, other: Attempt, id: ClientMessageId): readonly Copy[] =>
  [copyOf(one, id), copyOf(other, id)].filter((copy) => copy !== undefined).toSorted((a, b) => a.storedTs - b.storedTs);

describe('copies of one id, through gateways whose clocks are up to 5 s off', () => {
  it('all fall into the window in which the log knows them, when they are fast', () => {
    let pairs = 0;
    const attempt = anAttempt(65_000);
    fc.assert(
      fc.property(attempt, attempt, (one, other) => {
        const [first, second] = bothCopies(one, other, clientId(mintedTs)).filter(({ path }) => path === 'fast');
        if (!first || !second) return;
        pairs++;
        expect(second.storedTs - first.storedTs).toBeLessThan(ACCEPTANCE.dedupWindowMs);
      }),
      { numRuns: 2_000 },
    );
    expect(pairs).toBeGreaterThan(500);
  });

  it('are at worst 110 s apart when they are fast', () => {
    const [ahead, behind] = [ACCEPTANCE.clockSkewMsMax, -ACCEPTANCE.clockSkewMsMax];
    const rest = { headMs: 0, publishShare: 0 };
    const early = { ...rest, startTs: mintedTs - 20_000, skewMs: ahead, storeShare: 0 };
    const late = { ...rest, startTs: mintedTs + 65_000, skewMs: behind, storeShare: 25 / 35 };
    const tooLate = { ...late, storeShare: 26 / 35 };
    expect(copyOf(early, clientId(mintedTs))).toMatchObject({ path: 'fast', storedTs: mintedTs - 20_000 });
    expect(copyOf(late, clientId(mintedTs))).toMatchObject({ path: 'fast', storedTs: mintedTs + 90_000 });
    expect(copyOf(tooLate, clientId(mintedTs))).toBeUndefined();
  });

  it.each([
    ['version 7', clientId(mintedTs)],
    ['version 4', clientId(mintedTs).replace('-7000-', '-4000-') as ClientMessageId],
  ])('of %s are one message for ever: a later one is known to the log, or its look-up sees the earlier', (_, id) => {
    let pairs = 0;
    const attempt = anAttempt(300_000);
    fc.assert(
      fc.property(attempt, attempt, (one, other) => {
        const [first, second] = bothCopies(one, other, id);
        if (!first || !second) return;
        pairs++;
        const isKnownToLog = second.storedTs - first.storedTs < ACCEPTANCE.dedupWindowMs;
        const isSeen = second.path === 'look-up' && first.storedTs <= second.seenTs;
        expect(isKnownToLog || isSeen).toBe(true);
      }),
      { numRuns: 5_000 },
    );
    expect(pairs).toBeGreaterThan(1_000);
  });
});
