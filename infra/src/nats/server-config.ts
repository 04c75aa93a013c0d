// The configuration of the nats-server that standalone runs: on loopback, one copy, synced to disk before every ack.
import { realpath, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const SERVER_LIMITS = {
  /** A delivery batch is the largest message. */
  payloadBytesMax: 8 * 1024 * 1024,
  /** What may wait for our one connection, on which all readers catch up side by side, before the server cuts it. */
  pendingBytesMax: 256 * 1024 * 1024,
  logBytesMax: 10 * 1024 * 1024,
  logFilesMax: 3,
} as const;

/** Writes it; resolves with its path, which is this data directory's own and so names its server among all processes. */
export async function writeServerConfig(dataDirectory: string, port: number): Promise<string> {
  await mkdir(path.join(dataDirectory, 'log'), { recursive: true });
  const directory = await realpath(dataDirectory);
  const file = path.join(directory, 'nats-server.conf');
  await writeFile(file, serverConfig(directory, port));
  return file;
}

export const serverArguments = (configFile: string): string[] => ['-c', configFile];

/** JSON strings are valid strings in its language. No monitoring port: nothing listens but the one for clients. */
const serverConfig = (directory: string, port: number): string => `# Written by Parley at every start.
server_name: parley
listen: "127.0.0.1:${port}"
max_payload: ${SERVER_LIMITS.payloadBytesMax}
max_pending: ${SERVER_LIMITS.pendingBytesMax}
pid_file: ${JSON.stringify(path.join(directory, 'nats-server.pid'))}
log_file: ${JSON.stringify(path.join(directory, 'nats-server.log'))}
log_size_limit: ${SERVER_LIMITS.logBytesMax}
logfile_max_num: ${SERVER_LIMITS.logFilesMax}
jetstream {
  store_dir: ${JSON.stringify(path.join(directory, 'log'))}
  sync_interval: always
}
`;
