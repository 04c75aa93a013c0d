// Keeps one nats-server process running: notices its death, starts it again a bounded number of times, ends it.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { World } from '@parley/domain';
import { endProcess, identifyProcess } from '../runtime/processes.ts';
import { retryDelayMs } from './retry-delay.ts';
import { serverArguments } from './server-config-file.ts';
import { untilServerReady } from './server-ready.ts';

export const SUPERVISION = {
  /** Deaths in a row, each within `steadyAfterMs` of the start before it. */
  restartsMax: 5,
  restartBackOff: { firstMs: 100, maxMs: 5_000 },
  /** A server that has run this long has earned its restarts anew. */
  steadyAfterMs: 60_000,
  /** Recovering a large log takes its time. */
  readyWithinMs: 120_000,
  /** Then it is killed. */
  stopWithinMs: 10_000,
} as const;

export type SupervisionEvent =
  | { readonly type: 'Ready'; readonly pid: number }
  | { readonly type: 'Died'; readonly pid: number; readonly reason: string; readonly restartInMs: number }
  /** It died too often: the log is away until someone looks. */
  | { readonly type: 'GaveUp'; readonly reason: string };

export interface SupervisorOptions {
  readonly binary: string;
  readonly configFile: string;
  /** What it says before it has its own log: a bad option, a port in use. */
  readonly errorFile: string;
  readonly url: string;
  readonly world: World;
  readonly onEvent: (event: SupervisionEvent) => void;
}

interface Run {
  readonly child: ChildProcess;
  readonly startedTs: number;
  /** Resolves with why when it has ended. */
  readonly ended: Promise<string>;
  readonly alive: AbortSignal;
}

export class ServerSupervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  readonly #endWithParent = (): void => void this.#run?.child.kill('SIGTERM');
  #run: Run | undefined;
  #watching: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    process.on('exit', this.#endWithParent);
  }

  get pid(): number | undefined {
    return this.#run?.alive.aborted === false ? this.#run.child.pid : undefined;
  }

  /** Rejects when the first start fails: that is a mistake in the set-up, not an accident. */
  async start(): Promise<void> {
    const run = this.#spawn();
    if (!(await this.#isReady(run))) {
      const { configFile, errorFile } = this.#options;
      throw new Error(`nats-server did not start: see ${errorFile} and the log that ${configFile} names`);
    }
    this.#watching = this.#watch(run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#endWithParent);
    this.#stopping.abort();
    const identity = this.pid === undefined ? undefined : identifyProcess(this.pid);
    if (identity !== undefined) await endProcess(identity, this.#options.world, SUPERVISION.stopWithinMs);
    await this.#run?.ended;
    await this.#watching;
  }

  async #watch(first: Run): Promise<void> {
    const { world, onEvent } = this.#options;
    for (let run = first, deaths = 0; ; run = await this.#startAgain()) {
      const reason = await run.ended;
      if (this.#stopping.signal.aborted) return;
      deaths = world.now() - run.startedTs > SUPERVISION.steadyAfterMs ? 1 : deaths + 1;
      if (deaths > SUPERVISION.restartsMax) return onEvent({ type: 'GaveUp', reason });
      const restartInMs = retryDelayMs(world, deaths - 1, SUPERVISION.restartBackOff);
      onEvent({ type: 'Died', pid: run.child.pid ?? 0, reason, restartInMs });
      await world.sleep(restartInMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
    }
  }

  /** Ready or already dead again: its end tells. */
  async #startAgain(): Promise<Run> {
    const run = this.#spawn();
    await this.#isReady(run);
    return run;
  }

  async #isReady({ child, alive }: Run): Promise<boolean> {
    const { url, world, onEvent } = this.#options;
    const signal = AbortSignal.any([alive, this.#stopping.signal]);
    const isReady = await untilServerReady(url, { world, signal, withinMs: SUPERVISION.readyWithinMs });
    if (isReady) onEvent({ type: 'Ready', pid: child.pid ?? 0 });
    return isReady;
  }

  #spawn(): Run {
    const { binary, configFile, errorFile, world } = this.#options;
    const errors = openSync(errorFile, 'w');
    // A session of its own: Ctrl-C reaches the parent alone, which drains before it ends the server.
    const child = spawn(binary, serverArguments(configFile), { detached: true, stdio: ['ignore', errors, errors] });
    closeSync(errors);
    const alive = new AbortController();
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(`exit ${code ?? signal}`));
      child.once('error', (error) => resolve(error.message));
    }).finally(() => alive.abort());
    this.#run = { child, startedTs: world.now(), ended, alive: alive.signal };
    return this.#run;
  }
}
