import { expect, test } from 'vitest';
import { Variable } from './config-language.ts';
import { passwordVariable, serverConfig } from './server-config.ts';

const server = { name: 'n1', listen: '127.0.0.1:4222', storeDirectory: '/data/a "quoted" name' };

test('a server alone syncs always and asks nobody who they are', () => {
  expect(serverConfig(server)).toBe(`server_name: "n1"
listen: "127.0.0.1:4222"
max_payload: 8388608
max_pending: 268435456
jetstream: {
  store_dir: "/data/a \\"quoted\\" name"
  sync_interval: "always"
}
`);
});

test('variables stand without quotes, so that the server looks them up', () => {
  const config = serverConfig({
    ...server,
    name: new Variable('NAME'),
    users: { shards: 1, password: passwordVariable },
  });
  expect(config).toContain('server_name: $NAME\n');
  expect(config).toContain('password: $PARLEY_NATS_GATEWAY_PASSWORD\n');
});

test('every shard is named, and no other', () => {
  const config = serverConfig({ ...server, users: { shards: 12, password: () => 'p' } });
  const streams = [...config.matchAll(/STREAM[.]INFO[.]CHAT_(\d+)"/g)].map(([, shard]) => Number(shard));
  expect([...new Set(streams)].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, shard) => shard));
});
