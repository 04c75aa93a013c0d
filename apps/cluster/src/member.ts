// One process of the cluster: started, watched, started again when it dies, ended when asked to. Its output goes to a file.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { identifyProcess, type ProcessIdentity } from '@parley/infra/runtime';

/** How a process is started, and how it is asked whether it works. */
export interface MemberPlan {
  readonly name: string;
  readonly kind: 'nats' | 'redis' | 'cassandra' | 'gateway' | 'delivery' | 'projector';
  /** Where it is reached. */
  readonly address: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** All of it. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Why it does not work; undefined when it does. May reject: it does not answer. */
  readonly probe: () => Promise<string | undefined>;
}

export type MemberReport =
  | { readonly type: 'died'; readonly member: string; readonly how: string; readonly restartInMs: number }
  | { readonly type: 'started'; readonly member: string };

const RESTART = {
  firstMs: 200,
  msMax: 10_000,
  /** Having run for so long, it is well again: the next death is a first one. */
  healthyMs: 30_000,
} as const;

/** From SIGTERM to SIGKILL; longer than a drain takes. */
const stopMsMax = 20_000;

export class Member {
  readonly plan: MemberPlan;
  /** Deaths nobody asked for. */
  deaths = 0;
  readonly #report: (report: MemberReport) => void;
  #child: ChildProcess | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();

  constructor(plan: MemberPlan, report: (report: MemberReport) => void) {
    this.plan = plan;
    this.#report = report;
  }

  get pid(): number | undefined {
    return this.#child?.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined;
  }

  get identity(): ProcessIdentity | undefined {
    return this.pid === undefined ? undefined : identifyProcess(this.pid);
  }

  start(): void {
    this.#running = this.#keepRunning();
  }

  /** For tests and the curious: SIGKILL, SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async isReady(): Promise<boolean> {
    return (await this.state()) === 'ready';
  }

  /** `ready`, or why not. */
  async state(): Promise<string> {
    if (this.pid === undefined) return 'down';
    try {
      return (await this.plan.probe()) ?? 'ready';
    } catch {
      return 'does not answer';
    }
  }

  /** Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#child?.kill('SIGTERM');
    const killing = setTimeout(() => this.#child?.kill('SIGKILL'), stopMsMax);
    await this.#running;
    clearTimeout(killing);
  }

  async #keepRunning(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted;) {
      const startedMs = performance.now();
      const how = await this.#runOnce();
      if (this.#stop.signal.aborted) return;
      this.deaths += 1;
      failures = performance.now() - startedMs > RESTART.healthyMs ? 0 : failures + 1;
      const restartInMs = Math.min(RESTART.msMax, RESTART.firstMs * 2 ** failures);
      this.#report({ type: 'died', member: this.plan.name, how, restartInMs });
      await pause(restartInMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** How it ended. */
  async #runOnce(): Promise<string> {
    const { command, environment, logFile, name } = this.plan;
    const [program, ...args] = command;
    const log = openSync(logFile, 'a');
    try {
      // A group of its own: Ctrl-C in the terminal is for us alone, who end it in its turn.
      this.#child = spawn(program, args, { stdio: ['ignore', log, log], env: environment, detached: true });
    } finally {
      closeSync(log);
    }
    try {
      await once(this.#child, 'spawn');
      this.#report({ type: 'started', member: name });
      const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null];
      return signal ?? `exit code ${code}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error); // there is no such program
    }
  }
}
