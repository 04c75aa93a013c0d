// Waiting for what has to come about, and chance that can be repeated.
import { setTimeout as pause } from 'node:timers/promises';

/** Polls until it is so; the message says what it waited for. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>, msMax = 30_000): Promise<void> {
  const deadline = Date.now() + msMax;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so after ${msMax} ms: ${what}`);
    await pause(20);
  }
}

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
