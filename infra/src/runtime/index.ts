// The real world behind the domain's capabilities: clock, timers, randomness, ids, hashes.
export { digest } from './digest.ts';
export { freePort } from './free-port.ts';
export { createWorld } from './world.ts';
export { endProcess, identifyProcess, isRunning, processesRunning, type ProcessIdentity } from './processes.ts';
