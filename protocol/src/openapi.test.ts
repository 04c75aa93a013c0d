import { execFile } from 'node:child_process';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { JsonObject } from './json-schema.ts';
import { buildOpenApi } from './openapi.ts';
import { routeNames } from './rest/routes.ts';

const document = buildOpenApi({ version: '0.1.0', url: 'https://chat.parley.test' });

// operation-4xx-response: `/healthz` and `/readyz` have no input and no access rule, so nothing a client can do wrong.
const skippedRules = ['operation-4xx-response'];

const require = createRequire(import.meta.url);
const redocly = join(dirname(require.resolve('@redocly/cli/package.json')), 'bin/cli.js');

/** The rules that the document breaks, warnings too, by Redocly's recommended set. */
async function lint(openApi: JsonObject): Promise<readonly string[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'parley-openapi-'));
  const file = join(folder.path, 'openapi.json');
  await writeFile(file, JSON.stringify(openApi));
  const skips = skippedRules.flatMap((rule) => ['--skip-rule', rule]);
  const output = await run(
    [redocly, 'lint', file, '--extends', 'recommended', '--format', 'json', ...skips],
    folder.path,
  );
  const report = JSON.parse(output) as {
    readonly problems: readonly { readonly ruleId: string; readonly message: string }[];
  };
  return report.problems.map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

/** Exit codes are not looked at: a broken rule makes it 1, and is in the output. */
function run(args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...args], { cwd, env, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (stdout.includes('"problems"')) resolve(stdout);
      else reject(new Error(`redocly gave no report: ${stderr}`, { cause: error }));
    });
  });
}

test('the document keeps all recommended rules', { timeout: 30_000 }, async () => {
  expect(await lint(document)).toEqual([]);
});

test('the linter sees a mistake', { timeout: 30_000 }, async () => {
  const { components: _, ...withoutComponents } = document;
  expect((await lint(withoutComponents)).join()).toMatch(/no-unresolved-refs/);
  expect((await lint({ ...document, info: { title: 'Parley' } })).join()).toMatch(/version/);
});

test('every route is an operation', () => {
  const text = JSON.stringify(document);
  for (const name of routeNames) expect(text).toContain(`"operationId":"${name}"`);
});

test('ids are defined once and referred to', () => {
  const { paths } = document;
  expect(JSON.stringify(paths)).toContain('{"$ref":"#/components/schemas/ConversationId"}');
  expect(JSON.stringify(paths)).not.toContain('[A-Za-z0-9_-]');
});

test('is the same each time, and nothing but JSON', () => {
  const again = buildOpenApi({ version: '0.1.0', url: 'https://chat.parley.test' });
  expect(JSON.parse(JSON.stringify(again))).toStrictEqual(document);
});
