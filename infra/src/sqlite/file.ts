// One generation of one projection as its store uses it: a file in the worker.
import type { Request, Row, WriteStep } from './requests.ts';

/** One file in the worker. */
export interface File {
  readonly path: string;
  ask(request: Exclude<Request, { readonly type: 'write' }>): Promise<readonly Row[]>;
  /** All steps in order, or none of them; with other writes in one transaction. */
  write(steps: readonly WriteStep[]): Promise<void>;
  /** All steps in order, or none of them; in a transaction of their own, after what was written before. */
  change(steps: readonly WriteStep[]): Promise<void>;
}
