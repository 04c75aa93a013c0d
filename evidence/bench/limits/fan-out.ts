// The bare fan-out server in a process of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface FanOutServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

export async function startFanOutServer(): Promise<FanOutServer> {
  const child = fork(path.join(import.meta.dirname, 'fan-out-worker.ts'), { execArgv: [] });
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
  return {
    url: `ws://127.0.0.1:${port}/`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
