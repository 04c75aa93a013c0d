// npm run pictures: draws the dashboards of infra/deploy/grafana/ into docs/pictures/, from a run of a few minutes. Grafana itself is
// not asked: its files say what is shown, a real Prometheus says what it shows.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { StandaloneProcess } from '@parley/standalone/testing';
import { tool } from '../command-line.ts';
import { legendOf, substituted, variablesOf, type Dashboard, type Panel } from './dashboard.ts';
import { drawDashboard, type DrawnPanel, type Line } from './picture.ts';
import { startPrometheus, type Prometheus } from './prometheus.ts';
import { play, type Run } from './run.ts';

const root = path.join(import.meta.dirname, '..', '..');
const [dashboards, pictures] = [path.join(root, 'infra/deploy/grafana'), path.join(root, 'docs/pictures')];
const resolution = { stepSeconds: 3, scrapeSeconds: 3 };
const print = (line: string): void => console.log(line);

await tool('npm run pictures --', 'Draws the dashboards, from a run of five minutes.').action(drawAll).parseAsync();
process.exit(); // clients that nobody waits for any more would try on for a while

async function drawAll(): Promise<void> {
  await using server = await StandaloneProcess.start();
  const target = { address: `127.0.0.1:${server.adminPort}`, instance: 'standalone' };
  const program = process.env['PARLEY_TEST_PROMETHEUS'] ?? 'prometheus';
  await using prometheus = await startPrometheus({ program, targets: [target], ...resolution });
  const run = await play(server, print);
  await mkdir(pictures, { recursive: true });
  for (const file of await readdir(dashboards)) {
    const dashboard = JSON.parse(await readFile(path.join(dashboards, file), 'utf8')) as Dashboard;
    const picture = path.join(pictures, file.replace(/json$/, 'svg'));
    await writeFile(picture, await draw(dashboard, prometheus, run));
    print(path.relative(root, picture));
  }
}

async function draw(dashboard: Dashboard, prometheus: Prometheus, run: Run): Promise<string> {
  const ask = asker(prometheus, variablesOf(dashboard, resolution), run);
  const panels: DrawnPanel[] = [];
  for (const panel of dashboard.panels) panels.push({ ...panel, lines: await ask(panel) });
  return drawDashboard(dashboard, panels, {
    seconds: run.toSeconds - run.fromSeconds,
    stepSeconds: resolution.stepSeconds,
    marks: run.marks,
  });
}

function asker(prometheus: Prometheus, variables: ReadonlyMap<string, string>, { fromSeconds, toSeconds }: Run) {
  const span = { fromSeconds, toSeconds, stepSeconds: resolution.stepSeconds };
  const ask = async ({ expr, legendFormat }: Panel['targets'][number]): Promise<readonly Line[]> => {
    const series = await prometheus.range({ expression: substituted(expr, variables), ...span });
    return series.map(({ labels, points }) => ({
      legend: legendOf(legendFormat, labels),
      points: points.map(([seconds, value]) => [seconds - fromSeconds, value] as const),
    }));
  };
  return async ({ targets }: Panel): Promise<readonly Line[]> => (await Promise.all(targets.map(ask))).flat();
}
