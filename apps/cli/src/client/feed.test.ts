import { describe, expect, it } from 'vitest';
import { cid, createRig, history, message, resumed, type Rig } from './test-rig.ts';

/** Online, with the first resume answered: the cursor of g_1 is at 10. */
async function atTen(): Promise<Rig> {
  const rig = await createRig();
  rig.hello();
  rig.server().say(resumed(rig.sent('resume')[0]?.ref, {}, { g_1: '10' }));
  rig.told.length = 0;
  return rig;
}

const lastResume = (rig: Rig) => rig.sent('resume').at(-1);

describe('the first connection', () => {
  it('asks with an empty resume which conversations there are, and begins at their heads', async () => {
    const rig = await createRig();
    rig.hello();
    expect(lastResume(rig)?.last_seen).toEqual({});
    rig.server().say(resumed(lastResume(rig)?.ref, {}, { g_1: '10' }));
    expect(rig.told).toContain('discovered: g_1 10');
    expect(rig.client.cursor(cid)).toBe(10);
  });

  it('fetches every conversation from its first entry when asked to', async () => {
    const rig = await createRig({ unknown: 'from-start' });
    rig.hello();
    rig.server().say(resumed(lastResume(rig)?.ref, {}, { g_1: '10' }));
    expect(lastResume(rig)?.last_seen).toEqual({ g_1: '0' });
  });
});

describe('live frames', () => {
  it('applies a frame whose prev_id is the cursor or before it, and moves the cursor', async () => {
    const rig = await atTen();
    rig.server().say(message(12, 10));
    rig.server().say(message(15, 8));
    expect(rig.told).toEqual(['live: 12', 'live: 15']);
    expect(rig.client.cursor(cid)).toBe(15);
  });

  it('drops a frame at or below the cursor', async () => {
    const rig = await atTen();
    rig.server().say(message(10, 9));
    rig.server().say(message(7, 6));
    expect(rig.told).toEqual([]);
  });

  it('asks for what is missing when prev_id is beyond the cursor, once, and does not apply the frame', async () => {
    const rig = await atTen();
    rig.server().say(message(14, 12));
    rig.server().say(message(15, 14));
    expect(rig.told).toEqual([]);
    rig.server().say(resumed(lastResume(rig)?.ref, { g_1: '15' }));
    expect(rig.sent('resume').map((frame) => frame.last_seen)).toEqual([{}, { g_1: '10' }]);
  });

  it('takes a conversation it did not know from its first frame on', async () => {
    const rig = await atTen();
    rig.server().say(message(20, 19, 'g_new'));
    rig.server().say(message(22, 20, 'g_new'));
    expect(rig.told).toEqual(['live: 20', 'live: 22']);
  });

  it('asks for the start of a conversation it did not know when it wants all', async () => {
    const rig = await createRig({ unknown: 'from-start' });
    rig.hello();
    rig.server().say(resumed(lastResume(rig)?.ref, {}));
    rig.server().say(message(20, 19));
    expect(lastResume(rig)?.last_seen).toEqual({ g_1: '0' });
    expect(rig.told).not.toContain('live: 20');
  });
});

describe('resume', () => {
  it('applies history in order, whatever its kind, and drops what was applied before', async () => {
    const rig = await atTen();
    rig.server().say(message(14, 12));
    const change = {
      ...message(13, 12),
      type: 'change',
      position: '13',
      message_id: '9',
      actor_id: 'bob',
      change: { type: 'deleted' },
    };
    rig.server().say({ ...history('g_1', [message(10, 9), message(12, 10), message(14, 13)]), changes: [change] });
    expect(rig.told).toEqual(['history: 12', 'history: 13', 'history: 14']);
  });

  it('goes on from heads[id], visible or not', async () => {
    const rig = await atTen();
    rig.server().say(message(14, 12));
    rig.server().say(history('g_1', [message(12, 10)]));
    rig.server().say(resumed(lastResume(rig)?.ref, { g_1: '14' }));
    rig.server().say(message(16, 14));
    expect(rig.told).toEqual(['history: 12', 'live: 16']);
  });

  it('resumes the conversations a resync names, or all', async () => {
    const rig = await atTen();
    rig.server().say({ type: 'resync', conversation_ids: ['g_1'] });
    expect(lastResume(rig)?.last_seen).toEqual({ g_1: '10' });
    rig.server().say(resumed(lastResume(rig)?.ref, { g_1: '10' }));
    rig.server().say({ type: 'resync' });
    expect(rig.sent('resume')).toHaveLength(3);
  });

  it('resumes again after a resume during which a resync came', async () => {
    const rig = await atTen();
    rig.server().say({ type: 'resync' });
    rig.server().say({ type: 'resync' });
    expect(rig.sent('resume')).toHaveLength(2);
    rig.server().say(resumed(lastResume(rig)?.ref, { g_1: '10' }));
    expect(rig.sent('resume')).toHaveLength(3);
  });

  it('names no more conversations at once than the server takes', async () => {
    const rig = await createRig();
    rig.hello();
    rig.server().say(resumed(lastResume(rig)?.ref, {}, { g_1: '1', g_2: '2', g_3: '3' }));
    rig.server().close(1006);
    await rig.world.advance(5_000);
    const { helloLimits, LIMITS } = await import('@parley/protocol');
    rig.hello({ limits: { ...helloLimits(LIMITS), resume_conversations_max: 2 } });
    expect(rig.sent('resume').map((frame) => frame.last_seen)).toEqual([{ g_1: '1', g_2: '2' }]);
    rig.server().say(resumed(lastResume(rig)?.ref, { g_1: '1', g_2: '2' }));
    expect(lastResume(rig)?.last_seen).toEqual({ g_3: '3' });
  });

  it('is repeated after a pause when the server could not answer it', async () => {
    const rig = await atTen();
    rig.server().say(message(14, 12));
    rig.server().say({
      type: 'error',
      code: 'rate_limited',
      message: 'slow',
      retryable: true,
      retry_after_ms: 900,
      ref: lastResume(rig)?.ref,
    });
    await rig.world.advance(899);
    expect(rig.sent('resume')).toHaveLength(2);
    await rig.world.advance(1);
    expect(lastResume(rig)?.last_seen).toEqual({ g_1: '10' });
    expect(rig.sent('resume')).toHaveLength(3);
  });

  it('forgets its cursors when the log is another one', async () => {
    const rig = await atTen();
    rig.server().close(1006);
    await rig.world.advance(5_000);
    rig.hello({ log_epoch: 2 });
    expect(rig.told).toContain('reset');
    expect(lastResume(rig)?.last_seen).toEqual({});
  });
});

describe('resume_failed', () => {
  const failed = (reason: string, head?: string) => ({
    type: 'resume_failed',
    conversation_id: 'g_1',
    reason,
    ...(head && { head }),
  });

  it('loads the newest page and goes on from the head when too much was missed', async () => {
    const rig = await atTen();
    rig.pages.push(async () => ({ messages: [], has_more: true }));
    rig.server().say(failed('too_many', '5000'));
    await rig.world.advance(0);
    rig.server().say(message(5001, 5000));
    expect(rig.told).toEqual(['page: g_1 ', 'live: 5001']);
  });

  it('tries the newest page again until it is there', async () => {
    const rig = await atTen();
    rig.pages.push(() => Promise.reject(new Error('no network')));
    rig.pages.push(async () => ({ messages: [], has_more: false }));
    rig.server().say(failed('too_old', '50'));
    await rig.world.advance(1_000);
    expect(rig.told).toEqual(['trouble: the newest page of g_1: Error: no network', 'page: g_1 ']);
  });

  it('drops a conversation we are no member of', async () => {
    const rig = await atTen();
    rig.server().say(failed('not_a_member'));
    expect(rig.told).toEqual(['dropped: g_1']);
    expect(rig.client.cursor(cid)).toBeUndefined();
  });

  it('asks again with a pause when it was unavailable', async () => {
    const rig = await atTen();
    rig.server().say(failed('unavailable'));
    expect(rig.sent('resume')).toHaveLength(1);
    await rig.world.advance(1_000);
    expect(lastResume(rig)?.last_seen).toEqual({ g_1: '10' });
  });
});

describe('heads', () => {
  it('tells that there is more, and fetches it when it is looked at', async () => {
    const rig = await atTen();
    rig.server().say({ type: 'heads', heads: { g_1: '10' } });
    rig.server().say({ type: 'heads', heads: { g_1: '12' } });
    expect(rig.told).toEqual(['behind: g_1 12']);
    rig.client.catchUp(cid);
    expect(lastResume(rig)?.last_seen).toEqual({ g_1: '10' });
  });
});

describe('frames of a server newer than this client', () => {
  it('ignores types and fields it does not know, and says which frame it could not read', async () => {
    const rig = await atTen();
    rig.server().say({ type: 'presence', user_id: 'bob' });
    rig.server().say({ ...message(12, 10), colour: 'red' });
    rig.server().say({ ...message(13, 12), body: 7 });
    expect(rig.told).toEqual(['live: 12', 'trouble: message/body: must be string']);
  });
});
