// A Prometheus of our own: it scrapes what it is told to, and answers ranges over its HTTP API as it would answer Grafana.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@parley/infra/runtime';
import { eventually } from '@parley/proof';
import { stringify } from 'yaml';

interface Target {
  /** Of `/metrics`. */
  readonly address: string;
  /** What its series are labelled with. */
  readonly instance: string;
}

export interface PrometheusOptions {
  readonly program: string;
  readonly targets: readonly Target[];
  readonly scrapeSeconds: number;
}

export interface Prometheus extends AsyncDisposable {
  range(question: Range): Promise<readonly Series[]>;
}

interface Range {
  readonly expression: string;
  /** Unix time, as the others. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly stepSeconds: number;
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Unix time and value, where there is one: neither a gap nor "not a number" is here. */
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

/** Resolves when it answers. */
export async function startPrometheus({ program, ...options }: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-prometheus-'));
  const [file, address] = [path.join(folder, 'prometheus.yml'), `127.0.0.1:${await freePort()}`];
  await writeFile(file, configuration(options));
  const child = spawn(
    program,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  await eventually(
    'Prometheus answers',
    async () => (await fetch(`http://${address}/-/ready`).catch(() => undefined))?.ok === true,
  );
  return {
    range: (question) => askRange(`http://${address}/api/v1/query_range`, question),
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

const configuration = ({ targets, scrapeSeconds }: Omit<PrometheusOptions, 'program'>): string =>
  stringify({
    global: { scrape_interval: `${scrapeSeconds}s`, scrape_timeout: `${scrapeSeconds}s` },
    scrape_configs: [
      {
        job_name: 'parley',
        static_configs: targets.map(({ address, instance }) => ({ targets: [address], labels: { instance } })),
      },
    ],
  });

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly Result[] };
}

interface Result {
  readonly metric: Record<string, string>;
  readonly values: readonly (readonly [number, string])[];
}

async function askRange(
  url: string,
  { expression, fromSeconds, toSeconds, stepSeconds }: Range,
): Promise<readonly Series[]> {
  const query = { query: expression, start: `${fromSeconds}`, end: `${toSeconds}`, step: `${stepSeconds}` };
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(query) });
  const { data, error } = (await response.json()) as Answer;
  if (!data) throw new Error(`Prometheus refuses ${expression}: ${error}`);
  return data.result.map(({ metric, values }) => ({ labels: metric, points: finite(values) }));
}

const finite = (values: Result['values']): Series['points'] =>
  values.map(([seconds, value]) => [seconds, Number(value)] as const).filter(([, value]) => Number.isFinite(value));
