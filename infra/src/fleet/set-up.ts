// Creates what a fleet's processes need and may not create themselves: streams in NATS. Idempotent; changes nothing that is there.
import type { FleetConfig } from '../config/index.ts';
import { connectNats, openDeployment, type Deployment } from '../nats/index.ts';
import { natsOptions } from './options.ts';

/** Of a deployment that is new. */
const shardsWhenNew = 64;

/** With the operator's credentials. Throws StreamMismatch or ShardsMismatch when something else is there. */
export async function setUpFleet(config: FleetConfig): Promise<Deployment> {
  await using connection = await connectNats({ ...natsOptions(config), name: 'parley-setup' });
  const { shards = shardsWhenNew, natsReplicas } = config;
  return await openDeployment({ connection, shards, replicas: natsReplicas === 3 ? 3 : 1 });
}
