// Clients that come back: connect, resume from a cursor, until everything missed is there. All at once, or one after the other.
import { openSocket } from './chat-socket.ts';
import { createHistogram, nowUs, packHistogram, record } from './stopwatch.ts';
import { inSlices } from './slices.ts';
import { signToken } from './tokens.ts';

export interface Return {
  readonly url: string;
  readonly users: readonly { readonly userId: string; readonly lastSeen: Readonly<Record<string, string>> }[];
  /** Clients under way at one time. */
  readonly atOnce: number;
  /** Entries each must be given. */
  readonly missedEach: number;
}

export interface ReturnResult {
  /** Until the last one has everything. */
  readonly seconds: number;
  /** From a client's first byte to its `resumed`, and of that the part from its `resume` on. */
  readonly whole: string;
  readonly resume: string;
  /** Clients that were given more or less than they missed. */
  readonly wrong: number;
  /** Attempts that the server cut or refused, after which the client came again. */
  readonly cut: number;
}

export async function comeBack({ url, users, atOnce, missedEach }: Return): Promise<ReturnResult> {
  const whole = createHistogram();
  const resume = createHistogram();
  const count = { wrong: 0, cut: 0 };
  const startedUs = nowUs();
  await inSlices(users, atOnce, async (user) => {
    const fromUs = nowUs();
    for (let attempt = 1; ; attempt++) {
      try {
        const { missed, tookUs } = await once(url, user);
        record(resume, tookUs);
        if (missed !== missedEach) count.wrong++;
        break;
      } catch (error) {
        if (attempt === attemptsMax) throw error;
        count.cut++;
      }
    }
    record(whole, nowUs() - fromUs);
  });
  const seconds = (nowUs() - startedUs) / 1e6;
  return { seconds, whole: packHistogram(whole), resume: packHistogram(resume), ...count };
}

/** As a client would that is cut: at once again, but not for ever. */
const attemptsMax = 5;

async function once(url: string, { userId, lastSeen }: Return['users'][number]) {
  const socket = await openSocket({ url, token: signToken(userId) });
  const askedUs = nowUs();
  const missed = await new Promise<number>((resolve, reject) => {
    let count = 0;
    socket.onFrame((frame) => {
      if (frame.type === 'history') count += (frame['messages'] as unknown[] | undefined)?.length ?? 0;
      else if (frame.type === 'resumed') resolve(count);
      else if (['error', 'resume_failed', 'closed'].includes(frame.type)) reject(new Error(JSON.stringify(frame)));
    });
    socket.send({ type: 'resume', last_seen: lastSeen });
  });
  const tookUs = nowUs() - askedUs;
  socket.close();
  return { missed, tookUs };
}
