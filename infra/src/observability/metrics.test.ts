import { expect, it } from 'vitest';
import { Metrics } from './metrics.ts';
import { seriesMax, SeriesFamily } from './series-family.ts';

const linesOf = (text: string, name: string): readonly string[] =>
  text.split('\n').filter((line) => line.startsWith(name));

const failOnError = (error: unknown): never => {
  throw error;
};

it('exports what was counted, by label', async () => {
  await using metrics = new Metrics(failOnError);
  metrics.cell('gatewayConnections', {}).value += 3;
  metrics.cell('gatewayRefusals', { code: 'not_a_member' }).value++;
  metrics.cell('gatewayRefusals', { code: 'not_a_member' }).value++;
  metrics.cell('gatewayRefusals', { code: 'forbidden' }).value++;
  const text = await metrics.text();
  expect(linesOf(text, 'parley_')).toEqual([
    'parley_gateway_connections 3',
    'parley_gateway_refusals_total{code="not_a_member"} 2',
    'parley_gateway_refusals_total{code="forbidden"} 1',
  ]);
  expect(text).toContain('# TYPE parley_gateway_refusals_total counter');
});

it('counts times in seconds into its own buckets', async () => {
  await using metrics = new Metrics(failOnError);
  for (const elapsedMs of [0.4, 3, 3, 40_000]) metrics.record('logAppend', elapsedMs, {});
  const lines = linesOf(await metrics.text(), 'parley_log_append_seconds');
  expect(lines).toContain('parley_log_append_seconds_count 4');
  expect(lines).toContain('parley_log_append_seconds_bucket{le="0.0005"} 1');
  expect(lines).toContain('parley_log_append_seconds_bucket{le="0.005"} 3');
  expect(lines).toContain('parley_log_append_seconds_bucket{le="+Inf"} 4');
});

it('labels every series with the region, where there is one', async () => {
  await using metrics = new Metrics(failOnError, { region: 'eu-1' });
  metrics.cell('natsRestarts', {}).value++;
  metrics.cell('gatewayRefusals', { code: 'forbidden' }).value++;
  metrics.record('logAppend', 3, {});
  const lines = linesOf(await metrics.text(), 'parley_');
  expect(lines).toContain('parley_nats_restarts_total{region="eu-1"} 1');
  expect(lines.filter((line) => !line.includes('region="eu-1"'))).toEqual([]);
});

it('goes on exporting when one watched value cannot be read, and tells', async () => {
  const errors: unknown[] = [];
  await using metrics = new Metrics((error) => errors.push(error));
  metrics.watch('readerLag', () => Promise.reject(new Error('no leader')));
  metrics.cell('natsRestarts', {}).value++;
  expect(await metrics.text()).toContain('parley_nats_restarts_total 1');
  expect(errors.map(String).join()).toContain('no leader');
});

it('bounds the number of series', () => {
  const family = new SeriesFamily();
  for (let code = 0; code < seriesMax + 5; code++) family.cell({ code }).value++;
  const series = [...family.series()];
  expect(series).toHaveLength(seriesMax + 1);
  expect(series.at(-1)).toEqual({ cell: { value: 5 }, labels: { code: 'other' } });
});
