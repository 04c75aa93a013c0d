// A fleet for those who prove something of it, and what can be done to it.
export { FleetUnderProof } from './fleet-under-proof.ts';
export { SERVER_FAULTS } from './faults.ts';
