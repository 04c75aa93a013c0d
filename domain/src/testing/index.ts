// What tests of every package build on: facts, a log, a world, and given / when / then. The product never imports it.
export * from './facts.ts';
export * from './log.ts';
export * from './specification.ts';
export * from './world.ts';
