// A whole fleet with a proxy on every way between two of its parts: clients and gateways, each process and NATS, Redis, Cassandra.
import { FleetUnderProof, SERVER_FAULTS } from '@parley/cluster/testing';
import { FaultProxy } from './fault-proxy.ts';
import { linkFaults, type Fault, type Stage } from './stage.ts';

const readyMsMax = 180_000;

const routed = {
  'the log': 'PARLEY_NATS_URL',
  Redis: 'PARLEY_REDIS_URL',
  Cassandra: 'PARLEY_CASSANDRA_CONTACT_POINTS',
} as const;

export async function startFleetStage(): Promise<Stage> {
  await using starting = new AsyncDisposableStack();
  const links = new Map<string, readonly FaultProxy[]>();
  const proxyTo = async (address: string): Promise<FaultProxy> => {
    const { hostname: host, port } = new URL(address.includes('://') ? address : `tcp://${address}`);
    return starting.use(await FaultProxy.start({ target: () => ({ host, port: Number(port) }) }));
  };

  async function route(member: string, settings: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
    const changed = { ...settings };
    for (const [what, key] of Object.entries(routed)) {
      const addresses = (settings[key] ?? '').split(',');
      const proxies = await Promise.all(addresses.map(proxyTo));
      links.set(`${member} and ${what}`, proxies);
      changed[key] = addresses.map((one, nth) => one.replace(/[^/]+$/, proxies[nth]?.address ?? '')).join(',');
    }
    return changed;
  }

  const fleet = starting.use(await FleetUnderProof.start({ shards: 4, cassandraNodes: 1, gateways: 2, route }));
  const doors = await Promise.all(fleet.gatewayUrls.map(proxyTo));
  doors.forEach((door, nth) => links.set(`clients and gateway-${nth + 1}`, [door]));
  let turn = 0;
  const running = starting.move();
  return {
    clientUrl: () => `http://${doors[turn++ % doors.length]?.address}`,
    directUrl: () => fleet.base,
    token: (userId) => fleet.token(userId),
    faults: [
      ...SERVER_FAULTS.map((fault): Fault => ({
        name: fault.name,
        group: fault.name.split(' ')[0] ?? '',
        inflict: (random) => fault.inflict(fleet, random),
      })),
      ...[...links].flatMap(([link, proxies]) => linkFaults(link, proxies)),
    ],
    async heal() {
      await Promise.all([...links.values()].flat().map((proxy) => proxy.heal()));
      await fleet.untilReady(readyMsMax);
    },
    readLog: () => fleet.readLog(),
    readRows: () => fleet.readStoredRows(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
