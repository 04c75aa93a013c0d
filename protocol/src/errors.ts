// The one table of what can go wrong, as clients see it: frames, REST problems, close codes and docs/reference/errors.md
// come from it. Which refusal is which code is `refusals.ts`.

interface ErrorRow {
  /** The HTTP status of the REST answer. */
  readonly httpStatus: number;
  /** The same request, unchanged and with the same `client_msg_id`, may succeed later. */
  readonly retryable: boolean;
  /** The message when nothing more exact is known. */
  readonly text: string;
}

export const ERRORS = {
  bad_frame: { httpStatus: 400, retryable: false, text: 'A field is missing or wrong.' },
  unknown_frame: { httpStatus: 400, retryable: false, text: 'The server does not know this type of frame.' },
  frame_too_large: { httpStatus: 413, retryable: false, text: 'The frame is too large.' },
  body_too_large: { httpStatus: 413, retryable: false, text: 'The body of the message is too large.' },
  not_a_member: { httpStatus: 403, retryable: false, text: 'You are not a member of this conversation.' },
  no_such_conversation: { httpStatus: 404, retryable: false, text: 'There is no such conversation.' },
  no_such_message: { httpStatus: 404, retryable: false, text: 'There is no such message.' },
  no_such_user: { httpStatus: 404, retryable: false, text: 'There is no such user.' },
  forbidden: { httpStatus: 403, retryable: false, text: 'You may not do this.' },
  blocked: { httpStatus: 403, retryable: false, text: 'You cannot reach this user.' },
  suspended: { httpStatus: 403, retryable: false, text: 'The account is suspended.' },
  challenge_required: { httpStatus: 403, retryable: false, text: 'Solve the challenge at `challenge_url` first.' },
  idempotency_mismatch: {
    httpStatus: 422,
    retryable: false,
    text: 'This id or key was used before with other content.',
  },
  clock_ahead: {
    httpStatus: 422,
    retryable: false,
    text: 'The time in the id lies in the future: correct it by `server_ts`.',
  },
  conflict: { httpStatus: 409, retryable: false, text: 'The present state does not allow this.' },
  rate_limited: { httpStatus: 429, retryable: true, text: 'Too many requests.' },
  overloaded: { httpStatus: 503, retryable: true, text: 'The server is overloaded.' },
  unavailable: { httpStatus: 503, retryable: true, text: 'The server cannot do this at the moment.' },
  internal: { httpStatus: 500, retryable: true, text: 'The server failed.' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** Every code, in the table's order. */
export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

/** Failures only HTTP knows: they happen before there is a session, or are about the URL. Never in a frame. */
export const HTTP_ERRORS = {
  unauthenticated: { httpStatus: 401, retryable: false, text: 'The token is missing, wrong or has ended.' },
  no_such_route: { httpStatus: 404, retryable: false, text: 'There is nothing at this address.' },
  method_not_allowed: { httpStatus: 405, retryable: false, text: 'This address does not take this method.' },
  upgrade_required: { httpStatus: 426, retryable: false, text: 'This address takes only WebSockets.' },
} as const satisfies Record<string, ErrorRow>;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/** Every code of a problem document, the wire's first. */
export const PROBLEM_CODES = [...ERROR_CODES, ...(Object.keys(HTTP_ERRORS) as readonly HttpErrorCode[])] as const;

export type ProblemCode = ErrorCode | HttpErrorCode;

const PROBLEMS: Readonly<Record<ProblemCode, ErrorRow>> = { ...ERRORS, ...HTTP_ERRORS };

export const errorRow = (code: ProblemCode): ErrorRow => PROBLEMS[code];

interface CloseRow {
  readonly code: number;
  /** The reason in the close frame: at most 123 bytes (RFC 6455 §5.5). */
  readonly reason: string;
  /** `never`: not without a change (another token, fewer sessions). `back-off`: again, after a random pause. */
  readonly comeBack: 'never' | 'back-off';
  readonly text: string;
}

/** 4000 to 4099: do not come back unchanged. 4100 to 4199: come back with back-off. */
export const CLOSE = {
  unauthenticated: {
    code: 4001,
    reason: 'unauthenticated',
    comeBack: 'never',
    text: 'The token is wrong or has ended.',
  },
  protocolError: { code: 4002, reason: 'protocol error', comeBack: 'never', text: 'What came is not this protocol.' },
  suspended: { code: 4003, reason: 'suspended', comeBack: 'never', text: 'The account is suspended.' },
  tooManySessions: {
    code: 4004,
    reason: 'too many sessions',
    comeBack: 'never',
    text: 'The user has too many sockets; this was the oldest.',
  },
  superseded: {
    code: 4005,
    reason: 'superseded',
    comeBack: 'never',
    text: 'The same device and session connected again, here or elsewhere.',
  },
  draining: { code: 4100, reason: 'draining', comeBack: 'back-off', text: 'This server is going down.' },
  slowConsumer: {
    code: 4101,
    reason: 'slow consumer',
    comeBack: 'back-off',
    text: 'The client reads too slowly: come back and `resume`.',
  },
  overloaded: { code: 4102, reason: 'overloaded', comeBack: 'back-off', text: 'The server is overloaded.' },
  heartbeatMissed: { code: 4103, reason: 'heartbeat missed', comeBack: 'back-off', text: 'Nothing came for too long.' },
} as const satisfies Record<string, CloseRow>;

export type CloseName = keyof typeof CLOSE;

/** May a client that was closed with this code come back unchanged? Codes of the WebSocket itself (1001, 1006 …): yes. */
export const mayComeBack = (code: number): boolean => code < 4000 || code >= 4100;
