// Standalone starts its nats-server itself and connects to the port it configured. So that a proxy can listen there, the
// program it is told to start is a small script that moves the listening port of the configuration, and then is nats-server.
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The path of the script. Its name and arguments are those of the server, by which standalone knows an orphan again. */
export function natsServerOnPort(program: string, port: number): string {
  const script = path.join(mkdtempSync(path.join(tmpdir(), 'parley-nats-')), 'nats-server');
  const lines = [
    '#!/bin/sh',
    `sed -i.before 's/^listen: .*/listen: "127.0.0.1:${port}"/' "$2" || exit 1`,
    `exec '${program}' "$@"`,
  ];
  writeFileSync(script, `${lines.join('\n')}\n`);
  chmodSync(script, 0o755);
  return script;
}
