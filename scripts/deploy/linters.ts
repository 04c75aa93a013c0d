// The tools that read the files in earnest, or those made to find what is wrong with them.
import { provided, run } from './programs.ts';

const folder = 'infra/deploy';
const chart = `${folder}/helm/parley`;
const alerts = `${folder}/alerts`;
const alertTests = [`${alerts}/parley.test.yaml`, `${alerts}/parley-budget.test.yaml`];

const users = ['gateway', 'delivery', 'projector', 'push', 'setup', 'operator', 'system', 'route'];

/** As start.sh sets them; what they are does not matter to the syntax. */
const natsVariables: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    users.map((user): [string, string] => [`PARLEY_NATS_${user.toUpperCase()}_PASSWORD`, 'secret']),
  ),
  PARLEY_NATS_SERVER_NAME: 'nats-1',
  PARLEY_NATS_ROUTES: '["nats://route:secret@nats-1:6222"]',
};

/** What they found, each under the name of what was read. */
export async function lintAll(): Promise<readonly string[]> {
  const helmLint = ['lint', '--strict', '--quiet', chart];
  const compose = ['node_modules/dclint/bin/dclint.cjs', '--max-warnings', '0', '--config', `${folder}/dclint.json`];
  const linted = await Promise.all([
    lint('Dockerfile', provided('PARLEY_TEST_HADOLINT'), [`${folder}/Dockerfile`]),
    lint('compose.yaml', process.execPath, [...compose, `${folder}/compose.yaml`]),
    lint('haproxy.cfg', provided('PARLEY_TEST_HAPROXY'), ['-dW', '-c', '-f', `${folder}/haproxy/haproxy.cfg`]),
    lint('nats.conf', provided('PARLEY_NATS_SERVER'), ['-t', '-c', `${folder}/nats/nats.conf`], natsVariables),
    lint('chart', provided('PARLEY_TEST_HELM'), helmLint),
    lint('chart', provided('PARLEY_TEST_HELM'), [...helmLint, '--values', `${chart}/ci/everything-values.yaml`]),
    lint('alerts', provided('PARLEY_TEST_PROMTOOL'), ['check', 'rules', `${alerts}/parley.yaml`]),
    lint('alerts', provided('PARLEY_TEST_PROMTOOL'), ['test', 'rules', ...alertTests]),
    lint('start.sh', 'sh', ['-n', `${folder}/nats/start.sh`]),
    lint('make-secrets.sh', 'sh', ['-n', `${folder}/make-secrets.sh`]),
  ]);
  return linted.flat();
}

async function lint(
  name: string,
  ...command: readonly [program: string, args: readonly string[], environment?: NodeJS.ProcessEnv]
): Promise<readonly string[]> {
  const { isGood, output } = await run(...command);
  return isGood ? [] : [`${name}: ${output}`];
}
