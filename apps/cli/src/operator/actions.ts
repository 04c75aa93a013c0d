// How a row of the table of commands becomes an action: what a command needs is loaded when it runs.
import type { Environment } from '@parley/infra/config';
import type { LoneCommand, OperatorCommand } from './operate.ts';

/** For commander's `action`. */
export const actions = (environment: Environment) => ({
  operate:
    <Flags extends object>(load: () => Promise<OperatorCommand<Flags>>) =>
    async (...given: unknown[]): Promise<void> =>
      (await import('./operate.ts')).operate(load, { environment, given }),

  /** The same for one that no system has to be there for. */
  operateWithout:
    <Flags extends object>(load: () => Promise<LoneCommand<Flags>>) =>
    async (...given: unknown[]): Promise<void> =>
      (await import('./operate.ts')).operateWithout(load, { environment, given }),
});
