// NATS without a server, and time without a clock, for the simulation. The model is checked against nats-server by one contract.
export { SimulatedConnection } from './connection.ts';
export { Lane } from './lane.ts';
export { chatStreamOf, SimulatedNats, type Weather } from './server.ts';
export { VirtualTime } from './virtual-time.ts';
