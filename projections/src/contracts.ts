// The contract suites of this package's ports, for the tests of whoever implements them; with the histories they use.
export * from './conversations/conversations.contract.ts';
export * from './conversations/recent-heads.contract.ts';
export * from './flat/flat-store.contract.ts';
export * from './generations/generation-registry.contract.ts';
export * from './leases.contract.ts';
export * from './testing/history.ts';
export * from './testing/store-contract.ts';
export * from './projection-store.contract.ts';
export * from './timeline/timeline.contract.ts';
