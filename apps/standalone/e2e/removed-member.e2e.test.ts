// A member is removed while sending as fast as it can: from the removal's position on it is neither acked nor heard, and
// hears nothing itself.
import { expect, test } from 'vitest';
import { eventually, isAcked, RecordingClient } from '@parley/proof';
import { StandaloneProcess } from './standalone-process.ts';

const rounds = 20;

test('a removed member racing with sends is neither acked nor heard, and hears nothing more', async () => {
  await using standalone = await StandaloneProcess.start();
  const [owner, removed, other] = ['owner', 'removed', 'other'].map((userId) => {
    const client = new RecordingClient({
      url: () => standalone.socketUrl,
      userId,
      token: (user) => standalone.token(user),
    });
    client.start();
    return client;
  }) as [RecordingClient, RecordingClient, RecordingClient];
  await eventually('all are connected', () => [owner, removed, other].every(({ isReady }) => isReady));
  const token = await standalone.token('owner');
  const removals = new Map<string, Promise<unknown>>();
  let refusedCount = 0;

  for (let round = 0; round < rounds; round++) {
    const { conversation_id: id } = await standalone.call<{ conversation_id: string }>('POST', '/v1/conversations', {
      token,
      body: { type: 'group', members: ['removed', 'other'] },
    });
    const sends = Array.from({ length: 30 }, (_, nth) => removed.send(id, `${nth}`));
    const theirs = Array.from({ length: 30 }, (_, nth) => other.send(id, `${nth}`));
    removals.set(id, standalone.call('DELETE', `/v1/conversations/${id}/members/removed`, { token }));
    const outcomes = await Promise.all(sends);
    await Promise.all([...theirs, removals.get(id)]);
    const late = await removed.send(id, 'after');
    expect(late).toEqual({ code: 'not_a_member' });
    const refusals = outcomes.flatMap((outcome) => (isAcked(outcome) ? [] : outcome.code));
    refusedCount += refusals.length;
    expect(refusals.filter((code) => code !== 'not_a_member')).toEqual([]);
  }
  expect(refusedCount).toBeGreaterThan(0); // the race was one
  await eventually('all have caught up', () => [owner, other].every(({ isQuiet }) => isQuiet));

  const log = await standalone.readLog();
  for (const id of removals.keys()) {
    const events = log.filter(({ conversationId }) => conversationId === id);
    const removal = events.find(({ kind, position }) => kind === 'meta' && position > (events[0]?.position ?? 0));
    if (!removal) throw new Error(`no removal in ${id}`);
    const acked = removed.acks.filter(({ conversationId }) => conversationId === id);
    for (const { position } of acked) expect(position).toBeLessThan(removal.position);
    const seen = [...(removed.entries.get(id)?.keys() ?? [])];
    expect(Math.max(...seen)).toBeLessThanOrEqual(removal.position);
    const heard = [...(other.entries.get(id)?.values() ?? [])].filter(({ senderId }) => senderId === 'removed');
    expect(heard.map(({ position }) => position)).toEqual(
      acked.map(({ position }) => position).toSorted((a, b) => a - b),
    );
  }
  for (const client of [owner, removed, other]) {
    expect(client.offences).toEqual([]);
    client.stop();
  }
});
