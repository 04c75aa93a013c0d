// Has a job done by a process of its own. A generator that was the bottleneck makes the run fail: it would have measured itself.
import { fork } from 'node:child_process';
import path from 'node:path';
import type { JobName, JobOf, ResultOf, Usage } from './jobs.ts';

export interface Done<Name extends JobName> {
  readonly result: ResultOf<Name>;
  readonly usage: Usage;
}

const utilizationMax = 0.85;

export class GeneratorSaturated extends Error {
  override readonly name = 'GeneratorSaturated';
}

interface Running<Name extends JobName> {
  readonly done: Promise<Done<Name>>;
  /** Of jobs that prepare something. */
  readonly ready: Promise<void>;
}

/** A limit's own load may use all it can get; a client's may not. */
export async function generate<Name extends JobName>(name: Name, job: JobOf<Name>): Promise<Done<Name>> {
  const done = await begin(name, job).done;
  if (name === 'talk' && done.usage.utilization > utilizationMax) {
    throw new GeneratorSaturated(
      `the load generator was busy for ${(done.usage.utilization * 100).toFixed(0)} % of the time`,
    );
  }
  return done;
}

export function begin<Name extends JobName>(name: Name, job: JobOf<Name>): Running<Name> {
  const child = fork(path.join(import.meta.dirname, 'generator-worker.ts'), { execArgv: [] });
  const { promise: ready, resolve: isReady } = Promise.withResolvers<void>();
  const done = new Promise<Done<Name>>((resolve, reject) => {
    child.on('message', (told: Done<Name> | { readonly error: string } | { readonly ready: true }) => {
      if ('error' in told) reject(new Error(`${name}: ${told.error}`));
      else if ('result' in told) resolve(told);
      else isReady();
    });
    child.once('exit', (code) => reject(new Error(`${name}: the generator ended with ${String(code)}`)));
  });
  child.send({ name, job });
  return {
    done,
    ready: Promise.race([
      ready,
      done.then(
        () => isReady(),
        () => isReady(),
      ),
    ]),
  };
}
