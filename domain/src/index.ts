// The facts and rules of chat. Imports nothing, knows no clock, no network and no storage.
export * from './acceptance.ts';
export * from './conversation/index.ts';
export * from './conversation-outline.ts';
export * from './decider.ts';
export * from './event.ts';
export * from './giving-way.ts';
export * from './ids.ts';
export * from './limits.ts';
export * from './log.ts';
export * from './message/index.ts';
export * from './rates.ts';
export * from './routing.ts';
export * from './world.ts';
