import type { History } from '@parley/proof';
import { expect, it } from 'vitest';
import { summary, visibleAfterMs } from './summary.ts';

const by = { user: 'alice', device: 'first', connection: 1 };
const said = { type: 'message', sender: 'bob', clientMsgId: 'id', body: 'hello' } as const;
const shown = { kind: 'received', via: 'live', conversation: 'g', position: 1, said, ...by } as const;
const logged = {
  kind: 'logged',
  conversation: 'g',
  position: 1,
  said,
  isVoid: false,
  storedMs: 900,
  atMs: 9_000,
} as const;

const history: History = [
  { kind: 'fault-begun', name: 'kill', atMs: 500 },
  { kind: 'fault-healed', name: 'kill', atMs: 1_000 },
  { ...shown, atMs: 3_500 },
  { ...shown, via: 'resume', atMs: 7_000 },
  logged,
];

it('counts from the last healing until what was stored before it was first seen by each device', () => {
  expect(visibleAfterMs(history)).toBe(2_500);
  expect(visibleAfterMs([...history, { ...shown, device: 'second', atMs: 4_000 }])).toBe(3_000);
  expect(
    visibleAfterMs([...history, { ...shown, position: 2, atMs: 8_000 }, { ...logged, position: 2, storedMs: 1_500 }]),
  ).toBe(2_500);
  expect(visibleAfterMs([logged])).toBeUndefined();
});

it('names faults with how long they lasted, and offences with what proves them', () => {
  const offence = { kind: 'late', sentence: 'alice/first did not see 1 of g in time', entries: [logged] } as const;
  const text = summary(history, [offence]);
  expect(text).toMatch(/kill +0[.]5 s/);
  expect(text).toMatch(/BROKEN late +1 fault-healed, 1 logged, 2 received/);
  expect(text).toMatch(/kept +acked loss/);
  expect(text).toMatch(/alice\/first did not see 1 of g in time\n +8[.]500 s +logged/);
  expect(text).toMatch(/1 offences[.]$/);
});
