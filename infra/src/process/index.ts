// What every process of ours does, whatever its role.
export { observeProcess, type Observed } from './observed.ts';
export { stopSignal } from './stop-signal.ts';
export { runProcess, type Role, type Running } from './run-process.ts';
