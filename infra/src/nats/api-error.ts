// The numbers by which JetStream says what is wrong (nats-server, `server/errors.json`): the one table of those we act on.

export const API_CODES = {
  NoMessageFound: 10037,
  StreamNotFound: 10059,
  /** The condition does not hold. On R1 also the answer to a retry whose original is stored but whose condition is stale. */
  WrongLastSequence: 10071,
  /** R3: a copy with this message id is in flight, its fate not yet known. */
  DuplicateInFlight: 10158,
  /** R3: another conditional append on this subject is in flight. It carries no sequence and says nothing of the condition. */
  ConditionInFlight: 10164,
  /** The stream has all the consumers it may have. */
  TooManyConsumers: 10026,
} as const;

/** JetStream refused a request. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  /** The server's own trouble (no leader yet, shutting down), not the request's. */
  readonly isTemporary: boolean;

  constructor({ err_code, code, description = 'JetStream error' }: ApiFailure) {
    super(`${description} (${err_code ?? code})`);
    this.code = err_code ?? code;
    this.isTemporary = code >= 500;
  }
}

/** A JSON answer of the JetStream API, as far as all of them are alike. */
export interface ApiAnswer {
  readonly error?: ApiFailure;
}

/** `code` is like HTTP's; older servers, and some failures, give no other. */
export interface ApiFailure {
  readonly err_code?: number;
  readonly code: number;
  readonly description?: string;
}

export function throwIfError({ error }: ApiAnswer): void {
  if (error !== undefined) throw new ApiError(error);
}
