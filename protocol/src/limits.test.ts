import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { TOKEN_PATTERN } from './ids.ts';
import { helloLimits, HelloLimitsSchema, LIMITS, type LimitName } from './limits.ts';

// PROTOCOL.md "Limits", "Connecting" and "Positions, gaps, resume", spelled out: the table must not drift from the contract.
const contract: Partial<Record<LimitName, number>> = {
  frameBytesMax: 65_536,
  bodyBytesMax: 16_384,
  resumeConversationsMax: 1000,
  framesPerSecondMax: 50,
  framesBurstMax: 100,
  sendBufferBytesMax: 1_048_576,
  outboxAppendsMax: 4096,
  pageEntriesMax: 100,
  pageEntriesDefault: 50,
  groupMembersMax: 1024,
  sessionsPerUserMax: 10,
  tokenBytesMax: 4096,
  historyEntriesMax: 100,
  historyBytesMax: 262_144,
  resumeEntriesMax: 1000,
  resumeAgeMsMax: 604_800_000,
  heartbeatMs: 30_000,
  pongTimeoutMs: 10_000,
  serverPingMs: 25_000,
  idleTimeoutMs: 60_000,
  tokenExpiringMs: 60_000,
  clockAheadMsMax: 15_000,
  reconnectFirstMsMin: 1000,
  reconnectFirstMsMax: 5000,
  reconnectMsMax: 30_000,
};

test('the limits are those of the contract', () => {
  expect(LIMITS).toMatchObject(contract);
});

test('every limit is named by its unit, or by what it counts', () => {
  for (const name of Object.keys(LIMITS)) {
    expect(name).toMatch(
      /(Bytes|Ms|Chars|Entries|Members|Conversations|Appends|User|Burst|Second|mentions)(Max|Min|Default)?$/,
    );
  }
});

test('hello tells every limit, with the values of this deployment', () => {
  const hello = helloLimits({ ...LIMITS, bodyBytesMax: 7 });
  expect(Object.keys(hello)).toHaveLength(Object.keys(LIMITS).length);
  expect(hello.body_bytes_max).toBe(7);
  expect(hello.clock_ahead_ms_max).toBe(15_000);
  expect(Compile(HelloLimitsSchema).Check(hello)).toBe(true);
});

test('the pattern of a token has the limit of a token', () => {
  const token = new RegExp(TOKEN_PATTERN);
  expect(token.test('a'.repeat(LIMITS.tokenBytesMax))).toBe(true);
  expect(token.test('a'.repeat(LIMITS.tokenBytesMax + 1))).toBe(false);
});
