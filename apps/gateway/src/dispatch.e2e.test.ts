import { expect, it } from 'vitest';
import { floodFramesMax, garbageFramesMax } from './dispatch.ts';
import { openHouse } from './testing/house.ts';

const frameBytesMax = 64 * 1024;
const padded = (bytes: number): string => {
  const bare = JSON.stringify({ type: 'ping', ref: 'r', pad: '' });
  return JSON.stringify({ type: 'ping', ref: 'r', pad: 'x'.repeat(bytes - bare.length) });
};

it('takes a frame of 64 KiB, and refuses one byte more', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  client.send(padded(frameBytesMax));
  expect(await client.next('pong')).toMatchObject({ ref: 'r' });
  client.send(padded(frameBytesMax + 1));
  expect(await client.next('error')).toMatchObject({ code: 'frame_too_large', retryable: false });
  expect(await client.settled()).toEqual([]);
});

it.each([
  ['no JSON', '{"type":'],
  ['no object', '[]'],
  ['null', 'null'],
  ['no type', '{}'],
  ['a type that is no string', '{"type":7}'],
])('answers %s with bad_frame', async (_, text) => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  client.send(text);
  expect(await client.next('error')).toMatchObject({ code: 'bad_frame' });
});

it('answers an unknown frame, also one that the prototype knows, and goes on', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  for (const type of ['dance', 'toString', '__proto__', 'typing']) {
    client.send(`{"type":"${type}","ref":"r"}`);
    expect(await client.next('error')).toMatchObject({ code: 'unknown_frame', ref: 'r' });
  }
  expect(await client.settled()).toEqual([]);
});

it('answers a binary frame on a JSON session with bad_frame', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  client.socket.send(new TextEncoder().encode('{"type":"ping"}'));
  expect(await client.next('error')).toMatchObject({ code: 'bad_frame' });
});

it('gives back what it can read of a wrong frame', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  client.send({ type: 'send', ref: 'r', client_msg_id: 'no uuid', conversation_id: 'g_1', body: 'x' });
  expect(await client.next('error')).toMatchObject({
    code: 'bad_frame',
    ref: 'r',
    client_msg_id: 'no uuid',
    conversation_id: 'g_1',
  });
});

it('closes with 4002 after garbage in a row, and forgives it after a frame', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  for (let i = 0; i < garbageFramesMax - 1; i++) client.send('garbage');
  await client.settled();
  for (let i = 0; i < garbageFramesMax - 1; i++) client.send('garbage');
  await client.settled();
  for (let i = 0; i < garbageFramesMax; i++) client.send('garbage');
  expect(await client.closed).toEqual({ code: 4002, reason: 'protocol error' });
});

it('takes a burst of 100 frames and refuses the next with when to come back', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  const frozen = house.world.now();
  for (let i = 0; i < 100; i++) client.send({ type: 'ping', ref: `p${i}` });
  for (let i = 0; i < 100; i++) expect(await client.next('pong')).toMatchObject({ ref: `p${i}` });
  // The bucket fills while the test runs: as many more as time has brought, and then one too many.
  const client_msg_id = house.newId();
  for (let i = 0; i < 100; i++)
    client.send({ type: 'send', ref: `s${i}`, client_msg_id, conversation_id: 'g_1', body: 'x' });
  const errors = [];
  for (let i = 0; i < 100; i++) errors.push(await client.next('error'));
  const limited = errors.filter(({ code }) => code === 'rate_limited');
  expect(limited.length).toBeGreaterThan(100 - 5 - (house.world.now() - frozen) / 20);
  expect(limited[0]).toMatchObject({ retryable: true, client_msg_id, conversation_id: 'g_1' });
  expect(limited[0]?.retry_after_ms).toBeGreaterThan(0);
  expect(limited[0]?.retry_after_ms).toBeLessThanOrEqual(20);
  await house.world.advance(1_000);
  expect(await client.settled()).toEqual([]);
});

it('counts garbage against the rate, like any frame', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < garbageFramesMax - 1; i++) client.send('garbage');
    client.send({ type: 'ping' });
  }
  await expect.poll(() => client.frames.length).toBe(20 * garbageFramesMax);
  const codes = client.frames.map((frame) => (frame.type === 'error' ? frame.code : frame.type));
  expect(new Set(codes)).toEqual(new Set(['bad_frame', 'pong', 'rate_limited']));
});

it('cuts a connection whose frame is over four times as large as allowed', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  client.send(padded(4 * frameBytesMax));
  expect(await client.next('error')).toMatchObject({ code: 'frame_too_large' });
  client.send(padded(4 * frameBytesMax + 1));
  expect((await client.closed).code).toBe(1006);
});

it('knows no rate when the configuration lifts it', async () => {
  await using house = await openHouse({ config: { rateLimits: false } });
  using client = await house.connect('alice');
  for (let i = 0; i < 300; i++) client.send({ type: 'ping' });
  for (let i = 0; i < 300; i++) await client.next('pong');
  expect(client.frames).toEqual([]);
});

it('closes whoever does not stop with 4102', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  for (let i = 0; i < floodFramesMax + 3_000; i++) client.send({ type: 'ping' });
  expect(await client.closed).toMatchObject({ code: 4102 });
});

it('answers a frame whose handler fails with internal, and says so in the log', async () => {
  const broken = () => Promise.reject(new TypeError('a mistake of ours'));
  await using house = await openHouse({ dependencies: (made) => ({ timeline: { ...made.timeline, views: broken } }) });
  using client = await house.connect('alice');
  client.send({ type: 'resume', ref: 'r', last_seen: { g_1: '0' } });
  expect(await client.next('error')).toMatchObject({ code: 'internal', ref: 'r' });
  expect(house.errors).toHaveLength(1);
});
