// From an unknown value (JSON or MessagePack, already decoded) to a typed frame, once, at the edge: the hot path of every
// message. Schemas are compiled when the module loads. Unknown fields are left where they are: nobody reads them.
import { Compile, type Validator } from 'typebox/compile';
import { CLIENT_FRAMES, refCharsMax, type ClientFrame, type ResumeFrame, type SendFrame } from './client-frames.ts';
import { explain } from './explain.ts';
import { LIMITS, type WireLimits } from './limits.ts';
import { contentRefusal, withLowerCaseId } from './message-content.ts';
import { errorFrame, refusalToError, type FrameContext, type Refusal } from './refusals.ts';
import type { ErrorFrame } from './error-frame.ts';

/** Either a frame whose every known field has its type, or the error to send back. */
export type ParsedClientFrame =
  | { readonly ok: ClientFrame; readonly error?: never }
  | { readonly error: ErrorFrame; readonly ok?: never };

/** The limits of this deployment that parsing looks at. */
export type ParseLimits = Pick<WireLimits, 'bodyBytesMax' | 'resumeConversationsMax'>;

/** Never throws. Errors are `bad_frame`, `unknown_frame`, `body_too_large`, with whatever of the frame's ids is readable. */
export function parseClientFrame(value: unknown, limits: ParseLimits = LIMITS): ParsedClientFrame {
  if (!isObject(value)) return failed({}, badFrame('frame: must be an object'));
  const type = value['type'];
  if (typeof type !== 'string') return failed(value, badFrame('type: must be a string'));
  const checked = CHECKS.get(type);
  if (checked === undefined)
    return failed(value, { type: 'UnknownFrame', frameType: type.slice(0, typeCharsShownMax) });
  if (!checked.Check(value)) return failed(value, badFrame(explain(checked.Errors(value), 'frame')));
  // The compiled schema has just proved it; the rules it cannot express follow.
  const frame = value as ClientFrame;
  const refusal = frameRefusal(frame, limits);
  return refusal === undefined
    ? { ok: frame.type === 'send' ? withLowerCaseId(frame) : frame }
    : failed(value, refusal);
}

const CHECKS: ReadonlyMap<string, Pick<Validator, 'Check' | 'Errors'>> = new Map(
  Object.entries(CLIENT_FRAMES).map(([type, schema]) => [type, Compile(schema)]),
);

const typeCharsShownMax = 64;

function frameRefusal(frame: ClientFrame, limits: ParseLimits): Refusal | undefined {
  switch (frame.type) {
    case 'send':
      return targetRefusal(frame) ?? contentRefusal(frame, limits);
    case 'resume':
      return tooMany('last_seen', frame.last_seen, limits) ?? tooMany('read', frame.read, limits);
    case 'ping':
    case 'auth':
      return undefined;
  }
}

function targetRefusal({ conversation_id, to_user_id }: SendFrame): Refusal | undefined {
  if ((conversation_id === undefined) !== (to_user_id === undefined)) return undefined;
  return badFrame('conversation_id: exactly one of conversation_id and to_user_id is required');
}

function tooMany(field: string, positions: ResumeFrame['read'], limits: ParseLimits): Refusal | undefined {
  const max = limits.resumeConversationsMax;
  if (positions === undefined || Object.keys(positions).length <= max) return undefined;
  return badFrame(`${field}: must name at most ${max} conversations`);
}

const badFrame = (reason: string): Refusal => ({ type: 'BadFrame', reason });

const failed = (value: Readonly<Record<string, unknown>>, refusal: Refusal): ParsedClientFrame => ({
  error: errorFrame(refusalToError(refusal), readableContext(value)),
});

/** The ids that can be given back, right or wrong, as long as they are short strings. */
function readableContext(value: Readonly<Record<string, unknown>>): FrameContext {
  const context: Record<string, string> = {};
  for (const field of ['ref', 'client_msg_id', 'conversation_id']) {
    const text = value[field];
    if (typeof text === 'string' && text.length <= refCharsMax) context[field] = text;
  }
  return context;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
