import { describe, expect, it } from 'vitest';
import { reconnectPauseMs } from './back-off.ts';
import { createRig, fakeWorld } from './test-rig.ts';

describe('back-off', () => {
  it('waits 1 to 5 s the first time, then up to a bound that doubles to 30 s', () => {
    expect([reconnectPauseMs(0, 0), reconnectPauseMs(0, 1)]).toEqual([1_000, 5_000]);
    expect([1, 2, 3, 20].map((failures) => reconnectPauseMs(failures, 1))).toEqual([10_000, 20_000, 30_000, 30_000]);
    expect(reconnectPauseMs(3, 0)).toBe(0);
  });
});

describe('a connection', () => {
  it('offers the protocol and the token', async () => {
    const rig = await createRig();
    expect(rig.server().request.protocols).toEqual(['chat.v1', 'bearer.token-0']);
  });

  it('comes back after a lost connection, each time later, and begins anew after a hello', async () => {
    const rig = await createRig({ world: fakeWorld(1) });
    for (const pauseMs of [5_000, 10_000, 20_000]) {
      rig.server().close(1006);
      await rig.world.advance(pauseMs);
    }
    expect(rig.sockets).toHaveLength(4);
    rig.hello();
    rig.server().close(4101);
    expect(rig.told.filter((line) => line.startsWith('status: waiting'))).toEqual(
      [5_000, 10_000, 20_000, 5_000].map((pauseMs) => `status: waiting ${pauseMs}`),
    );
  });

  it('comes back with a new token when the old one has ended, but not when a new one is refused', async () => {
    const rig = await createRig();
    rig.hello();
    rig.server().close(4001);
    await rig.world.advance(0);
    expect(rig.server().request.protocols[1]).toBe('bearer.token-1');
    rig.server().close(4001);
    expect(rig.told.at(-1)).toBe('status: stopped');
  });

  it('does not come back when told so', async () => {
    const rig = await createRig();
    rig.hello();
    rig.server().close(4005);
    await rig.world.advance(60_000);
    expect(rig.sockets).toHaveLength(1);
    expect(rig.told.at(-1)).toBe('status: stopped');
  });

  it('sends ping every heartbeat and comes back when no pong follows', async () => {
    const rig = await createRig();
    rig.hello();
    await rig.world.advance(30_000);
    rig.server().say({ type: 'pong', server_ts: rig.world.now() });
    await rig.world.advance(30_000);
    expect(rig.sent('ping')).toHaveLength(2);
    await rig.world.advance(9_999);
    expect(rig.server().isClosed).toBe(false);
    await rig.world.advance(1);
    expect(rig.server().isClosed).toBe(true);
    expect(rig.told.at(-1)).toMatch('waiting');
  });

  it('gives up on a socket that says no hello', async () => {
    const rig = await createRig();
    await rig.world.advance(10_000);
    expect(rig.server().isClosed).toBe(true);
  });

  it('comes back at the moment a draining server named', async () => {
    const rig = await createRig();
    rig.hello();
    rig.server().say({ type: 'reconnect', after_ms: 700, reason: 'drain' });
    await rig.world.advance(300);
    rig.server().close(4100);
    expect(rig.told.at(-1)).toBe('status: waiting 400');
    await rig.world.advance(400);
    expect(rig.sockets).toHaveLength(2);
  });

  it('sends a new token when the old one is about to end', async () => {
    const rig = await createRig();
    rig.hello();
    rig.server().say({ type: 'token_expiring', in_ms: 60_000 });
    await rig.world.advance(0);
    expect(rig.sent('auth')).toEqual([{ type: 'auth', token: 'token-1' }]);
  });

  it('probes at a wake-up, and comes back at once when it was waiting', async () => {
    const rig = await createRig();
    rig.hello();
    rig.client.wake();
    expect(rig.sent('ping')).toHaveLength(1);
    rig.server().close(1006);
    rig.client.wake();
    await rig.world.advance(0);
    expect(rig.sockets).toHaveLength(2);
  });

  it('is over when closed', async () => {
    const rig = await createRig();
    rig.hello();
    rig.client[Symbol.dispose]();
    await rig.world.advance(60_000);
    expect(rig.server().isClosed).toBe(true);
    expect(rig.sockets).toHaveLength(1);
  });
});
