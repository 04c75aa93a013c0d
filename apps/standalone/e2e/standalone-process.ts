// The real thing in its own process, with its own data directory: started, watched and killed like an operator would.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@parley/infra/runtime';
import { readLog, readRows, readStoredRows, type LogEntry, type StoredRow, type SystemUnderProof } from '@parley/proof';

const mainFile = path.join(import.meta.dirname, '..', 'src', 'main.ts');
const readyMsMax = 60_000;

/** Without the keys of a fleet that other suites are told. */
const foreign = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('PARLEY_')));

export class StandaloneProcess implements AsyncDisposable, SystemUnderProof {
  readonly dataDir: string;
  readonly port: number;
  readonly adminPort: number;
  /** Of the timeline's rows that `readRows` finds. */
  generation = 1;
  /** Everything it ever printed. */
  output = '';
  readonly #environment: Record<string, string>;
  #child: ChildProcess | undefined;

  private constructor(ports: readonly [number, number], environment: Record<string, string>) {
    this.dataDir = environment['PARLEY_DATA_DIR'] ?? mkdtempSync(path.join(tmpdir(), 'parley-e2e-'));
    [this.port, this.adminPort] = ports;
    this.#environment = environment;
  }

  /** Started and ready. */
  static async start(environment: Record<string, string> = {}): Promise<StandaloneProcess> {
    const standalone = new StandaloneProcess([await freePort(), await freePort()], environment);
    await standalone.start();
    return standalone;
  }

  get base(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/v1/ws`;
  }

  readLog(): Promise<readonly LogEntry[]> {
    return readLog({ servers: this.natsUrl });
  }

  async readRows(): Promise<ReadonlyMap<string, readonly number[]>> {
    return readRows(this.#timelineFile);
  }

  async readStoredRows(): Promise<readonly StoredRow[]> {
    return readStoredRows(this.#timelineFile);
  }

  get #timelineFile(): string {
    return path.join(this.dataDir, 'read-models', `timeline-g${this.generation}.sqlite`);
  }

  get natsUrl(): string {
    return readFileSync(path.join(this.dataDir, 'nats.url'), 'utf8').trim();
  }

  get natsPid(): number {
    return Number.parseInt(readFileSync(path.join(this.dataDir, 'nats-server.pid'), 'utf8'), 10);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get exitCode(): number | null | undefined {
    return this.#child?.exitCode;
  }

  spawn(): void {
    const child = spawn(process.execPath, [mainFile], {
      env: {
        ...foreign,
        PARLEY_NATS_SERVER: process.env['PARLEY_NATS_SERVER'],
        PARLEY_RATE_LIMITS: 'off',
        PARLEY_DATA_DIR: this.dataDir,
        PARLEY_PORT: `${this.port}`,
        PARLEY_ADMIN_PORT: `${this.adminPort}`,
        ...this.#environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.output += String(chunk)));
    this.#child = child;
  }

  async start(): Promise<void> {
    this.spawn();
    await this.ready();
  }

  async ready(): Promise<void> {
    const deadline = Date.now() + readyMsMax;
    while (Date.now() < deadline) {
      const response = await fetch(`${this.base}/readyz`).catch(() => undefined);
      if (response?.status === 200) return;
      if (this.exitCode !== null && this.exitCode !== undefined) break;
      await pause(20);
    }
    throw new Error(`not ready (exit code ${String(this.exitCode)}):\n${this.output}`);
  }

  /** kill -9 of nats-server alone. */
  killNats(): void {
    process.kill(this.natsPid, 'SIGKILL');
  }

  /** kill -9 of this process alone: nats-server goes on as an orphan. */
  async killParent(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** kill -9 of everything at once, as a power cut would. */
  async killTree(): Promise<void> {
    const { natsPid } = this;
    const ended = this.#end('SIGKILL');
    process.kill(natsPid, 'SIGKILL');
    await ended;
  }

  /** As Ctrl-C does. */
  async interrupt(): Promise<number | null> {
    return this.#end('SIGINT');
  }

  /** Resolves with the exit code when it ends by itself. */
  async exited(): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    return new Promise((resolve) => child.once('exit', resolve));
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child?.kill(signal);
    return this.exited();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  async token(userId: string): Promise<string> {
    const { token } = await this.call<{ token: string }>('POST', '/v1/dev/tokens', { body: { user_id: userId } });
    return token;
  }

  /** A REST call that must succeed; while the server is away it is tried again. */
  async call<Answer>(
    method: string,
    url: string,
    { token, body }: { readonly token?: string; readonly body?: object } = {},
  ): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const response = await fetch(`${this.base}${url}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).catch(() => undefined);
      if (response?.ok) return response.status === 204 ? ({} as Answer) : ((await response.json()) as Answer);
      const isAway = response === undefined || response.status >= 500;
      if (!isAway || attempt > 300) throw new Error(`${method} ${url}: ${response?.status} ${await response?.text()}`);
      await pause(100);
    }
  }
}
