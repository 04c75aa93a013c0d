// Promises that only show when a part is taken away.
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { eventually, isAcked, type RecordingClient, walkPages } from '@parley/proof';
import { startSystem, type System } from './system.ts';

async function direct(system: System, userId: string, otherId: string): Promise<string> {
  const response = await fetch(`${system.gateway.url}/v1/conversations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await system.token(userId)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'direct', members: [otherId] }),
  });
  return ((await response.json()) as { conversation_id: string }).conversation_id;
}

const heard = (client: RecordingClient, id: string): readonly (string | undefined)[] =>
  [...(client.entries.get(id)?.values() ?? [])].flatMap(({ body }) => body ?? []);

test('a publish to the gateway that is lost heals within two seconds', async () => {
  let toLose = 0;
  let lost = 0;
  await using system = await startSystem({
    loses: ({ deliveries }) => {
      const isLost = deliveries.length > 0 && toLose > 0;
      if (isLost) toLose--;
      if (isLost) lost++;
      return isLost;
    },
  });
  const [alice, bob] = [system.client('alice'), system.client('bob')];
  await eventually('both are connected', () => alice.isReady && bob.isReady);
  const id = await direct(system, 'alice', 'bob');
  await alice.send(id, 'heard');
  await eventually('bob heard it', () => heard(bob, id).includes('heard'));

  toLose = 1;
  expect(isAcked(await alice.send(id, 'lost on the way'))).toBe(true);
  await eventually('bob has it all the same', () => heard(bob, id).includes('lost on the way'), 2_000);
  expect(lost).toBe(1);
  expect(bob.frameCounts.get('resync')).toBe(1);
  expect(heard(bob, id)).toEqual(['heard', 'lost on the way']);
  alice.stop();
  bob.stop();
});

test('with the projector stopped, sends are acked, and resumes, pages and look-ups are complete', async () => {
  await using system = await startSystem();
  const [alice, bob] = [system.client('alice'), system.client('bob')];
  await eventually('both are connected', () => alice.isReady && bob.isReady);
  const id = await direct(system, 'alice', 'bob');
  await alice.send(id, 'before');
  await eventually('bob heard it', () => heard(bob, id).length === 1);
  bob.stop();
  await system.stopProjector();

  const bodies = Array.from({ length: 120 }, (_, nth) => `after ${nth}`);
  const outcomes = await Promise.all(bodies.map((body) => alice.send(id, body)));
  expect(outcomes.filter(isAcked)).toHaveLength(120);
  const pages = await walkPages(system.gateway.url, id, await system.token('bob'));
  expect(pages).toHaveLength(121);

  const again = system.client('bob');
  again.cursors.set(id, pages[0]?.position ?? 0);
  await eventually('bob has resumed', () => heard(again, id).length === 120);
  expect(heard(again, id)).toEqual(bodies);

  const newest = await direct(system, 'alice', 'carol');
  const list = await fetch(`${system.gateway.url}/v1/conversations`, {
    headers: { authorization: `Bearer ${await system.token('carol')}` },
  });
  expect(JSON.stringify(await list.json())).toContain(newest);

  const oldId = '3b1c8a52-0000-4000-8000-000000000001'; // not a version 7 UUID: always looked up
  const first = await alice.send(id, 'looked up', oldId);
  expect(await alice.send(id, 'looked up', oldId)).toMatchObject({ position: isAcked(first) && first.position });
  alice.stop();
  again.stop();
});

test('an id sent again when the log has forgotten it gives the same message', async () => {
  await using system = await startSystem();
  const alice = system.client('alice');
  await eventually('alice is connected', () => alice.isReady);
  const id = await direct(system, 'alice', 'bob');
  const clientMsgId = alice.newId();
  const first = await alice.send(id, 'once', clientMsgId);
  await forgetIds(system);
  system.moveClock(10 * 60_000);

  const again = await alice.send(id, 'once', clientMsgId);
  expect(isAcked(first) && isAcked(again) && again.position === first.position).toBe(true);
  expect(await walkPages(system.gateway.url, id, await system.token('bob'))).toHaveLength(1);
  alice.stop();
});

test('an id refused as too early, sent again and again when its time has come, is stored once', async () => {
  await using system = await startSystem();
  const alice = system.client('alice');
  await eventually('alice is connected', () => alice.isReady);
  const id = await direct(system, 'alice', 'bob');
  const minted = Date.now() + 10 * 60_000;
  const clientMsgId = `${minted
    .toString(16)
    .padStart(12, '0')
    .replace(/(.{8})/, '$1-')}-7000-8000-00000000000a`;
  expect(await alice.send(id, 'early', clientMsgId)).toEqual({ code: 'clock_ahead' });
  system.moveClock(10 * 60_000);
  expect(await alice.send(id, 'early', clientMsgId)).toMatchObject({ duplicate: false });
  expect(await alice.send(id, 'early', clientMsgId)).toMatchObject({ duplicate: true });
  system.moveClock(5 * 60_000);
  await forgetIds(system);
  expect(await alice.send(id, 'early', clientMsgId)).toMatchObject({ duplicate: true });
  expect(await walkPages(system.gateway.url, id, await system.token('bob'))).toHaveLength(1);
  alice.stop();
});

/** The log's window is shortened to next to nothing: it would store the id again. */
async function forgetIds(system: System): Promise<void> {
  const nc = await connect({ servers: system.natsUrl });
  const jsm = await jetstreamManager(nc);
  for await (const { config } of jsm.streams.list('chat.>')) {
    await jsm.streams.update(config.name, { duplicate_window: 100_000_000 });
  }
  await nc.close();
}
