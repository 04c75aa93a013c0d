// What the processes of a fleet share, opened by their configuration.
export { openLog, openReadSide, openRedis, openStores, type Fleet, type FleetLog, type FleetRedis } from './fleet.ts';
export { cassandraOptions, deploymentSizing, natsOptions, redisOptions } from './options.ts';
export { setUpFleet } from './set-up.ts';
