// What a fleet shares and may forget, in Redis or Valkey: sessions and gateways' leases.
export { openSessionRegistry, type RedisSessionRegistryOptions } from './session-registry.ts';
export type { RedisReport } from './connection.ts';
