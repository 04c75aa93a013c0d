import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coalesce } from './coalesce.ts';

/** Runs that end when they are told to, and what is going on. */
function controlledRuns() {
  const runs: { readonly key: string; readonly end: PromiseWithResolvers<string> }[] = [];
  let running = 0;
  let runningMax = 0;
  const run = async (key: string): Promise<string> => {
    const end = Promise.withResolvers<string>();
    runs.push({ key, end });
    runningMax = Math.max(runningMax, ++running);
    return end.promise.finally(() => running--);
  };
  return { run, runs, most: () => runningMax };
}

/** Lets everything happen that is not waiting for a test. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('requests that wait together', () => {
  it('begin at once when nothing is running', async () => {
    const { run, runs } = controlledRuns();
    const asked = coalesce(run)('a');
    expect(runs).toHaveLength(1);
    runs[0]?.end.resolve('now');
    expect(await asked).toBe('now');
  });

  it('never get the result of a run that began before the call, and share the next one', async () => {
    const { run, runs } = controlledRuns();
    const call = coalesce(run);
    const [first, second, third] = [call('a'), call('a'), call('a')];
    expect(runs).toHaveLength(1);
    runs[0]?.end.resolve('old');
    await settled();
    expect(runs).toHaveLength(2);
    runs[1]?.end.resolve('new');
    expect(await Promise.all([first, second, third])).toEqual(['old', 'new', 'new']);
  });

  it('do not wait for another key', async () => {
    const { run, runs } = controlledRuns();
    const call = coalesce(run);
    const [one, other] = [call('a'), call('b')];
    runs[1]?.end.resolve('b');
    expect(await other).toBe('b');
    runs[0]?.end.resolve('a');
    expect(await one).toBe('a');
  });

  it('do not fail because the run before them failed', async () => {
    const { run, runs } = controlledRuns();
    const call = coalesce(run);
    const [first, second] = [call('a'), call('a')];
    runs[0]?.end.reject(new Error('down'));
    await expect(first).rejects.toThrow('down');
    await settled();
    runs[1]?.end.resolve('up');
    expect(await second).toBe('up');
  });

  it('fail together when their own run fails, and the next call begins anew', async () => {
    const { run, runs } = controlledRuns();
    const call = coalesce(run);
    const [first, second, third] = [call('a'), call('a'), call('a')];
    runs[0]?.end.resolve('old');
    await first;
    await settled();
    runs[1]?.end.reject(new Error('down'));
    expect((await Promise.allSettled([second, third])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = call('a');
    runs[2]?.end.resolve('up');
    expect(await later).toBe('up');
  });

  it('keep to one run at a time when somebody calls again the moment they have their answer', async () => {
    const { run, runs, most } = controlledRuns();
    const call = coalesce(run);
    const first = call('a').then(() => call('a'));
    const second = call('a');
    runs[0]?.end.resolve('1');
    await settled();
    expect(most()).toBe(1);
    runs[1]?.end.resolve('2');
    await settled();
    runs[2]?.end.resolve('2');
    expect(await Promise.all([first, second])).toEqual(['2', '2']);
  });

  it('are right under any interleaving: results newer than the call, one run at a time for a key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.constantFrom('a', 'b'), { maxLength: 12 }), async (s, keys) => {
        let clock = 0;
        const running = new Map<string, number>();
        const call = coalesce(async (key: string) => {
          const begun = ++clock;
          running.set(key, (running.get(key) ?? 0) + 1);
          expect(running.get(key)).toBe(1);
          await s.schedule(Promise.resolve(), 'run');
          running.set(key, (running.get(key) ?? 0) - 1);
          return begun;
        });
        const asked = keys.map(async (key) => {
          await s.schedule(Promise.resolve(), 'call');
          for (let again = 0; again < 2; again++) {
            const calledAt = ++clock;
            expect(await call(key)).toBeGreaterThan(calledAt);
          }
        });
        await s.waitFor(Promise.all(asked));
      }),
    );
  });
});
