import { expect, it } from 'vitest';
import { startAdminServer } from './admin-server.ts';

const start = (reasons: readonly string[] = []) =>
  startAdminServer({ host: '127.0.0.1', port: 0, metricsText: async () => 'parley_x 1\n', ready: () => reasons });

it('gives the metrics as Prometheus asks for them', async () => {
  await using server = await start();
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await response.text()).toBe('parley_x 1\n');
});

it('is ready when there is no reason not to be, and else says each', async () => {
  await using server = await start();
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  await using other = await start(['the log is away']);
  const response = await fetch(`${other.url}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ status: 'not_ready', reasons: ['the log is away'] });
  expect((await fetch(`${other.url}/healthz`)).status).toBe(200);
});

it('answers what it does not know with a status that says so', async () => {
  await using server = await start();
  expect((await fetch(`${server.url}/secret`)).status).toBe(404);
  expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(405);
});

it('answers 500 when the metrics cannot be read', async () => {
  await using server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    metricsText: () => Promise.reject(new Error('broken')),
    ready: () => [],
  });
  expect((await fetch(`${server.url}/metrics`)).status).toBe(500);
});

it('names the key to change when its port is in use', async () => {
  await using server = await start();
  const port = Number(new URL(server.url).port);
  await expect(
    startAdminServer({ host: '127.0.0.1', port, metricsText: async () => '', ready: () => [] }),
  ).rejects.toThrow(`127.0.0.1:${port}: the port is taken; set PARLEY_ADMIN_PORT`);
});
