// Ports held in memory: what one process may forget, and the twins that tests and the simulation use.
export { MemoryEventLog, type MemoryEventLogOptions } from './event-log.ts';
export { createGatewayBus } from './gateway-bus.ts';
export { createGenerationRegistry } from './generation-registry.ts';
export { createLeases } from './leases.ts';
export { createRateBuckets } from './rate-buckets.ts';
export { createRecentHeads } from './recent-heads.ts';
export { createSessionRegistry } from './session-registry.ts';
export * from './stores.ts';
