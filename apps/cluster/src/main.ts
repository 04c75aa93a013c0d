// `npm run cluster`: a fleet on this machine until Ctrl-C; `-- status` and `-- down` from another terminal.
import path from 'node:path';
import process from 'node:process';
import { stopSignal } from '@parley/infra/process';
import { Command, InvalidArgumentError } from 'commander';
import { startCluster, type ClusterOptions } from './cluster.ts';
import { askStatus, serveStatus, takeDown } from './control.ts';
import type { MemberReport } from './member.ts';
import { writeOperatorFiles } from './operator-file.ts';
import { statusOf } from './status.ts';
import { welcome } from './welcome.ts';

/** Names a server that runs already, or says how to reach it. */
const SERVER_KEY = /^PARLEY_(NATS_(?!SERVER|CLI)|REDIS_|CASSANDRA_)/;

const program = new Command('cluster').description('A whole fleet of Parley on this machine.').showHelpAfterError();

program
  .command('up', { isDefault: true })
  .description('start it; Ctrl-C takes it down')
  .option('--dir <folder>', 'where everything is kept', '.parley-cluster')
  .option('--port <port>', 'of the first gateway', count(0, 65_000), 8080)
  .option('--shards <count>', 'streams of the log, when the folder is new', count(1, 256), 16)
  .option('--cassandra <nodes>', '1 or 3', nodes, 1)
  .option('--gateways <count>', 'how many', count(1, 9), 3)
  .option('--deliveries <count>', 'how many', count(1, 9), 2)
  .option('--projectors <count>', 'how many', count(1, 9), 2)
  .action(up);

program
  .command('status')
  .description('every process of it, and whether it works')
  .option('--dir <folder>', 'where everything is kept', '.parley-cluster')
  .action(async ({ dir }: { readonly dir: string }) => {
    const status = await askStatus(path.resolve(dir));
    if (status === undefined) return program.error(`no cluster runs in ${dir}`);
    process.stdout.write(status);
  });

program
  .command('down')
  .description('take it down')
  .option('--dir <folder>', 'where everything is kept', '.parley-cluster')
  .action(async ({ dir }: { readonly dir: string }) => {
    if (!(await takeDown(path.resolve(dir)))) program.error(`no cluster runs in ${dir}`);
  });

await program.parseAsync();

interface UpFlags {
  readonly dir: string;
  readonly port: number;
  readonly shards: number;
  readonly cassandra: 1 | 3;
  readonly gateways: number;
  readonly deliveries: number;
  readonly projectors: number;
}

async function up(flags: UpFlags): Promise<void> {
  const stopped = stopSignal(process);
  try {
    const folder = path.resolve(flags.dir);
    const cluster = await startCluster(clusterOptions(folder, flags));
    await using running = new AsyncDisposableStack();
    running.use(cluster);
    running.use(await serveStatus(folder, () => statusOf(cluster.members)));
    const operatorFile = await writeOperatorFiles(folder, cluster.settingsOf);
    const status = await statusOf(cluster.members);
    process.stdout.write(welcome({ status, operatorFile, gatewayUrl: cluster.gatewayUrls[0] ?? '' }));
    await stopped;
    process.stdout.write('  going down …\n');
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`the cluster cannot run: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function clusterOptions(folder: string, flags: UpFlags): ClusterOptions {
  const { env } = process;
  const foreign = Object.entries(env).filter(([key]) => !key.startsWith('PARLEY_'));
  return {
    folder,
    environment: Object.fromEntries(foreign),
    programs: {
      natsServer: env['PARLEY_NATS_SERVER'] ?? 'nats-server',
      redisServer: env['PARLEY_TEST_VALKEY_SERVER'] ?? 'valkey-server',
      cassandra: path.resolve(import.meta.dirname, '../../../scripts/bootstrap/cassandra.sh'),
    },
    running: Object.fromEntries(Object.entries(env).filter(([key, value]) => value && SERVER_KEY.test(key))),
    cassandraNodes: flags.cassandra,
    shards: flags.shards,
    counts: { gateway: flags.gateways, delivery: flags.deliveries, projector: flags.projectors },
    gatewayPort: flags.port,
    report: say,
  };
}

function say(report: MemberReport): void {
  const time = new Date().toTimeString().slice(0, 8);
  const { member } = report;
  if (report.type === 'started') return void process.stdout.write(`  ${time} ${member} started\n`);
  process.stdout.write(`  ${time} ${member} died (${report.how}); again in ${report.restartInMs} ms\n`);
}

function count(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function nodes(text: string): 1 | 3 {
  if (text === '1') return 1;
  if (text === '3') return 3;
  throw new InvalidArgumentError('It must be 1 or 3.');
}
