// A thousand runs of the whole system, each from a seed of its own; and that a seed is one run, for ever.
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { simulate } from './simulate.ts';

const runs = 1_000;
/** Runs have nothing in common, so as many processes as there are cores; two do on the smallest machine we know. */
const processes = 2;
const minutesMax = 5;

describe('the whole system under virtual time', () => {
  it('keeps its promises in a thousand runs that never were before', { timeout: minutesMax * 60_000 }, async () => {
    const first = randomInt(2 ** 31 - runs);
    console.log(`seeds ${first} to ${first + runs - 1}`);
    const each = runs / processes;
    const found = await Promise.all(Array.from({ length: processes }, (_, nth) => runSeeds(first + nth * each, each)));
    expect(found.join('')).toBe('');
  });

  it.each([1, 7, 1137, 20_261_122])('does the same twice for seed %i, to the last byte', async (seed) => {
    const one = await simulate(seed);
    const other = await simulate(seed);
    expect(other.story.join('\n')).toBe(one.story.join('\n'));
    expect(JSON.stringify(other.history)).toBe(JSON.stringify(one.history));
    expect(other.checksum).toBe(one.checksum);
    expect(one.offences).toEqual([]);
  });

  it('asks no clock and throws no dice but its own', async () => {
    const asked = new Set<string>();
    using _watching = watch(asked);
    await simulate(3);
    expect([...asked]).toEqual([]);
  });
});

/** Whoever of the project uses what is not the same twice; what vitest does meanwhile is its own. */
function watch(asked: Set<string>): Disposable {
  const spies = [
    spy(asked, Date, 'now'),
    spy(asked, Math, 'random'),
    spy(asked, performance, 'now'),
    spy(asked, crypto, 'randomUUID'),
    spy(asked, crypto, 'getRandomValues'),
    spy(asked, globalThis, 'setTimeout'),
    spy(asked, globalThis, 'setInterval'),
    spy(asked, globalThis, 'setImmediate'),
  ];
  return { [Symbol.dispose]: () => spies.forEach((restore) => restore()) };
}

function spy<Name extends string>(
  asked: Set<string>,
  owner: { [Key in Name]: (...given: never[]) => unknown },
  name: Name,
): () => void {
  const real = owner[name];
  owner[name] = function noted(this: unknown, ...given: never[]): unknown {
    const caller = (new Error().stack ?? '')
      .split('\n')
      .slice(2) // the message, and this function
      .find((line) => /\/(domain|protocol|projections|infra|apps|evidence)\//.test(line));
    if (caller !== undefined && !caller.includes('/virtual-time.ts')) asked.add(`${name}: ${caller.trim()}`);
    return real.apply(owner, given);
  };
  return () => void (owner[name] = real);
}

/** What was found, with how to see it again. */
async function runSeeds(first: number, count: number): Promise<string> {
  const main = path.join(import.meta.dirname, 'main.ts');
  try {
    await promisify(execFile)(process.execPath, [main, '--seed', `${first}`, '--seeds', `${count}`]);
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    return `${stdout}${stderr}\nsee one again: npm run simulate -- --seed <seed>\n`;
  }
}
