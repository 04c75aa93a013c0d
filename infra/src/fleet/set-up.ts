// Creates what a fleet's processes need and may not create themselves: streams in NATS. Idempotent; changes nothing that is there.
import type { FleetConfig } from '../config/index.ts';
import { connectNats, createDeployment, type Deployment } from '../nats/index.ts';
import { createWorld } from '../runtime/index.ts';
import { deploymentSizing, natsOptions } from './options.ts';

/** Of a deployment that is new. */
const shardsWhenNew = 64;

/** It may be started before the servers answer. */
const natsWaitMsMax = 60_000;

/** With the credentials of `setup`, or the operator's. Throws StreamMismatch or ShardsMismatch when something else is there. */
export async function setUpFleet(config: FleetConfig): Promise<Deployment> {
  const world = createWorld();
  const wait = { world, msMax: natsWaitMsMax };
  await using connection = await connectNats({ ...natsOptions(config), name: 'parley-setup', role: 'setup', wait });
  const sizing = { shards: shardsWhenNew, ...deploymentSizing(config) };
  return await createDeployment({ connection, world, ...sizing });
}
