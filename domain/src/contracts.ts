// The contract suites of this package's ports, for the tests of their adapters.
export * from './gateway-bus.contract.ts';
export * from './log.contract.ts';
export * from './rates.contract.ts';
export * from './routing.contract.ts';
