// What every process of ours does, whatever its role.
export { observeProcess, type Observed } from './observed.ts';
export { runProcess, type Role, type Running } from './run-process.ts';
