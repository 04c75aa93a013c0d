// How another terminal reaches a running cluster: a file in its folder says where, and who to end.
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { createWorld, endProcess, identifyProcess, isRunning, type ProcessIdentity } from '@parley/infra/runtime';
import { endLeftovers } from './leftovers.ts';

const fileName = 'cluster.json';
/** Every process of a cluster may take its time to drain. */
const downMsMax = 90_000;

interface Control {
  readonly launcher: ProcessIdentity;
  readonly statusUrl: string;
}

/** Answers `status` until disposed. */
export async function serveStatus(folder: string, status: () => Promise<string>): Promise<AsyncDisposable> {
  const server = createServer((_, response) => {
    status().then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const launcher = identifyProcess(process.pid);
  if (address === null || typeof address === 'string' || launcher === undefined) throw new Error('no status page');
  const control: Control = { launcher, statusUrl: `http://127.0.0.1:${address.port}/` };
  const file = path.join(folder, fileName);
  await writeFile(file, JSON.stringify(control));
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(file, { force: true });
    },
  };
}

/** Undefined when no cluster runs in that folder. */
export async function askStatus(folder: string): Promise<string | undefined> {
  const control = await readControl(folder);
  return control && (await fetch(control.statusUrl)).text();
}

/** Also what a killed launcher left behind. False when there was nothing. */
export async function takeDown(folder: string): Promise<boolean> {
  const control = await readControl(folder);
  if (control) await endProcess(control.launcher, createWorld(), downMsMax);
  return (await endLeftovers(folder)) > 0 || control !== undefined;
}

async function readControl(folder: string): Promise<Control | undefined> {
  const text = await readFile(path.join(folder, fileName), 'utf8').catch(() => undefined);
  const control = text === undefined ? undefined : (JSON.parse(text) as Control);
  return control && isRunning(control.launcher) ? control : undefined;
}
