// Standalone's configuration of nats-server: on loopback, one copy, everything in the data directory. No monitoring port: nothing
// listens but the one for clients.
import { realpath, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { serverConfig } from './server-config.ts';

/** Writes it; resolves with its path, which is this data directory's own and so names its server among all processes. */
export async function writeServerConfig(dataDirectory: string, port: number): Promise<string> {
  await mkdir(path.join(dataDirectory, 'log'), { recursive: true });
  const directory = await realpath(dataDirectory);
  const file = await serverConfigFile(directory);
  const config = serverConfig({
    name: 'parley',
    listen: `127.0.0.1:${port}`,
    storeDirectory: path.join(directory, 'log'),
    pidFile: path.join(directory, 'nats-server.pid'),
    logFile: path.join(directory, 'nats-server.log'),
  });
  await writeFile(file, `# Written by Parley at every start.\n${config}`);
  return file;
}

export const serverConfigFile = async (dataDirectory: string): Promise<string> =>
  path.join(await realpath(dataDirectory), 'nats-server.conf');

export const serverArguments = (configFile: string): string[] => ['-c', configFile];
