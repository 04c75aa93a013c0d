// The driver's errors as the one question callers have: is it the world's fault, so that trying again may help?
import { StoreUnavailable } from '@parley/projections';
import { errors, types } from 'cassandra-driver';

const { responseErrorCodes: codes } = types;

const WORLDLY_CODES: ReadonlySet<number> = new Set([
  codes.serverError,
  codes.unavailableException,
  codes.overloaded,
  codes.isBootstrapping,
  codes.truncateError,
  codes.writeTimeout,
  codes.readTimeout,
  codes.readFailure,
  codes.writeFailure,
]);

/** A refused statement is a mistake of ours and stays what it is. */
export function translated(error: unknown): unknown {
  if (!isWorldly(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StoreUnavailable(`cassandra: ${reason}`, { cause: error });
}

/** The wrong password stays the wrong one. */
const isRefusedUser = ({ innerErrors }: { readonly innerErrors?: unknown }): boolean =>
  typeof innerErrors === 'object' &&
  Object.values<unknown>({ ...innerErrors }).some((inner) => inner instanceof errors.AuthenticationError);

function isWorldly(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return WORLDLY_CODES.has(error.code);
  return (
    (error instanceof errors.NoHostAvailableError && !isRefusedUser(error)) ||
    error instanceof errors.OperationTimedOutError ||
    error instanceof errors.BusyConnectionError ||
    (error instanceof Error && 'isSocketError' in error) // the driver's mark; a statement was being prepared
  );
}
