// From the text of a frame to a typed one, once. What this build does not know is ignored, as PROTOCOL asks of clients; what
// breaks its schema is told, and then missing: the gap rule brings it again.
import { SERVER_FRAMES, type ServerFrame } from '@parley/protocol';
import { Compile, type Validator } from 'typebox/compile';

export type ParsedServerFrame =
  | { readonly type: 'frame'; readonly frame: ServerFrame }
  | { readonly type: 'unknown' }
  | { readonly type: 'unreadable'; readonly reason: string };

export function parseServerFrame(text: string): ParsedServerFrame {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || !('type' in value)) {
    return { type: 'unreadable', reason: 'no JSON object with a type' };
  }
  const type = String(value.type);
  const checked = CHECKS.get(type);
  if (checked === undefined) return { type: 'unknown' };
  if (checked.Check(value)) return { type: 'frame', frame: value as ServerFrame };
  const [error] = checked.Errors(value);
  return { type: 'unreadable', reason: `${type}${error?.instancePath ?? ''}: ${error?.message ?? 'wrong'}` };
}

const CHECKS: ReadonlyMap<string, Pick<Validator, 'Check' | 'Errors'>> = new Map(
  Object.entries(SERVER_FRAMES).map(([type, schema]) => [type, Compile(schema)]),
);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told as unreadable, like any other text that is no frame
  }
}
