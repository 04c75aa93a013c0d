// A client's bytes to its handler: decoded once, validated once, counted against the session's rate, and looked up in the
// one table. Whatever comes has a defined fate: a handler, an `error`, or the end of the connection.
import {
  errorFrame,
  parseClientFrame,
  refusalToError,
  type ClientFrame,
  type ClientFrameType,
  type ParsedClientFrame,
  type Refusal,
} from '@parley/protocol';
import type { HandlerContext } from './context.ts';
import { failureToRefusal } from './failures.ts';
import { auth } from './handlers/auth.ts';
import { ping } from './handlers/ping.ts';
import { resume } from './handlers/resume.ts';
import { send } from './handlers/send.ts';
import { refuse } from './refuse.ts';
import type { Session } from './session.ts';

type FrameOf<Type extends ClientFrameType> = Extract<ClientFrame, { readonly type: Type }>;
type Handler<Frame> = (context: HandlerContext, session: Session, frame: Frame) => Promise<void> | void;

const HANDLERS: { readonly [Type in ClientFrameType]: Handler<FrameOf<Type>> } = { send, resume, ping, auth };

/** In a row; then whoever talks is not a client of this protocol. */
export const garbageFramesMax = 20;
/** So many more came too fast than in time: refusing them costs more than it helps. */
export const floodFramesMax = 1_000;

export interface Incoming {
  /** The buffer is the socket's, and gone when `receive` returns. */
  readonly message: ArrayBuffer;
  readonly isBinary: boolean;
}

/** Never throws. */
export function receive(context: HandlerContext, session: Session, { message, isBinary }: Incoming): void {
  if (!session.isOpen) return;
  session.lastHeardTs = context.world.now();
  const bytesMax = context.limits.frameBytesMax;
  const isTooLarge = message.byteLength > bytesMax;
  const value = isTooLarge ? undefined : decode(session, { message, isBinary });
  const parsed = isFrameLike(value) ? parseClientFrame(value, context.limits) : undefined;
  // Whatever came counts: garbage costs an answer, too.
  const waitMs = context.config.rateLimits ? session.bucket.take(context.world.now()) : 0;
  if (waitMs > 0) return tooFast(context, session, { parsed, retryAfterMs: waitMs });
  if (session.floodFrames > 0) session.floodFrames--;
  if (!parsed) return garbage(context, session, isTooLarge ? { type: 'FrameTooLarge', bytesMax } : notAFrame);
  session.garbageFrames = 0;
  if (parsed.ok) handle(context, session, parsed.ok);
  else refuse(context, session, parsed.error);
}

function decode(session: Session, { message, isBinary }: Incoming): unknown {
  if (isBinary !== session.format.isBinary) return undefined;
  try {
    return session.format.decode(message);
  } catch {
    return undefined; // not this format; what is not a frame has one answer
  }
}

const isFrameLike = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const notAFrame: Refusal = { type: 'BadFrame', reason: 'frame: must be an object with a type' };

function garbage(context: HandlerContext, session: Session, refusal: Refusal): void {
  refuse(context, session, errorFrame(refusalToError(refusal)));
  if (++session.garbageFrames >= garbageFramesMax) session.close('protocolError');
}

function tooFast(
  context: HandlerContext,
  session: Session,
  { parsed, retryAfterMs }: { readonly parsed: ParsedClientFrame | undefined; readonly retryAfterMs: number },
): void {
  const error = refusalToError({ type: 'RateLimited', retryAfterMs });
  refuse(context, session, errorFrame(error, parsed?.ok ?? parsed?.error));
  if (++session.floodFrames >= floodFramesMax) session.close('overloaded');
}

function handle(context: HandlerContext, session: Session, frame: ClientFrame): void {
  context.observer.frameIn(frame.type);
  // The table's type says that each handler takes the frame of its own name; indexing by a union loses that.
  const handler = HANDLERS[frame.type] as Handler<ClientFrame>;
  try {
    const handled = handler(context, session, frame);
    if (!handled) return;
    const answered = handled.catch((error: unknown) => fail({ context, session, frame }, error));
    session.inFlight.track(answered);
    context.inFlight.track(answered);
  } catch (error) {
    fail({ context, session, frame }, error);
  }
}

interface Handling {
  readonly context: HandlerContext;
  readonly session: Session;
  readonly frame: ClientFrame;
}

function fail({ context, session, frame }: Handling, error: unknown): void {
  const refusal = failureToRefusal(context.logger, error, { during: frame.type, sessionId: session.entry.sessionId });
  refuse(context, session, errorFrame(refusalToError(refusal), frame));
}
