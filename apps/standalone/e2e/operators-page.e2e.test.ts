// docs/operators.md is true: every command on it is run with the real `nats` CLI against a running system, and prints lines of the
// shape the page shows. The one suite that may be left out: there is no such CLI in the package registries.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCluster, openStandalone, type LookedInto } from './looked-into.ts';
import { linesMissing, pageBlocks, type Block } from './page-commands.ts';

const root = path.join(import.meta.dirname, '..', '..', '..');
const page = readFileSync(path.join(root, 'docs', 'operators.md'), 'utf8');
const blocks = pageBlocks(page);
const nats = process.env['PARLEY_NATS_CLI'] ?? onPath('nats');
if (nats === undefined) {
  console.log('left out: there is no `nats` (github.com/nats-io/natscli) on PATH, and PARLEY_NATS_CLI names none');
}

test('the page has commands for both forms', () => {
  expect(blocks.filter(({ form }) => form === 'standalone').length).toBeGreaterThan(10);
  expect(blocks.filter(({ form }) => form === 'cluster').length).toBeGreaterThan(4);
});

describe.skipIf(nats === undefined)('with the nats CLI', () => {
  /** Its program and its settings, and nobody's own contexts. */
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(path.join(tmpdir(), 'parley-operator-'));
    symlinkSync(path.resolve(nats ?? ''), path.join(home, 'nats'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  describe.each([
    ['standalone', openStandalone],
    ['cluster', openCluster],
  ] as const)('on a %s', (form, open) => {
    let system: LookedInto;
    beforeAll(async () => {
      system = await open();
    });
    afterAll(() => system[Symbol.asyncDispose]());

    test.each(blocks.filter((block) => block.form === form))('`$command` prints what the page says', async (block) => {
      const environment = {
        ...process.env,
        ...system.environment,
        PATH: `${home}:${process.env['PATH']}`,
        HOME: home,
        XDG_CONFIG_HOME: home,
        BACKUP: path.join(home, 'backup'),
      };
      const { missing, output } = await runUntilShown(block, () => outputOf(block.command, environment));
      expect(missing, output).toEqual([]);
    });
  });
});

const attemptsMax = 10;

/** A reader or a leader may be on its way: what is shown settles within seconds. */
async function runUntilShown(block: Block, run: () => Promise<string>) {
  for (let attempt = 1; ; attempt++) {
    const output = await run();
    const missing = linesMissing(block, output);
    if (missing.length === 0 || attempt === attemptsMax) return { missing, output };
    await pause(500);
  }
}

/** `nats stream view` pages, and so wants a terminal; util-linux or BSD has a program that makes one. */
function shellLine(command: string): readonly string[] {
  if (!command.startsWith('nats stream view')) return ['bash', '-c', command];
  if (process.platform === 'linux') return ['script', '-qefc', command, '/dev/null'];
  return ['script', '-q', '/dev/null', 'bash', '-c', command];
}

async function outputOf(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  const [program = '', ...args] = shellLine(command);
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return out + err;
}

function onPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, program))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
