// For clients and black-box checks: is this a frame the server may send? Compiled on first use, since no server needs it.
import { Compile, type Validator } from 'typebox/compile';
import type { TSchema } from 'typebox';
import { explain } from './explain.ts';
import { SERVER_FRAMES, type ServerFrame, type ServerFrameType } from './server-frames.ts';

/** `unknown`: a type of a later server, to be ignored. Never throws. */
export type ParsedServerFrame =
  | { readonly type: 'frame'; readonly frame: ServerFrame }
  | { readonly type: 'unknown' }
  | { readonly type: 'bad'; readonly reason: string };

export function parseServerFrame(value: unknown): ParsedServerFrame {
  if (typeof value !== 'object' || value === null || !('type' in value)) {
    return { type: 'bad', reason: 'frame: must be an object with a type' };
  }
  if (!isServerFrameType(value.type)) return { type: 'unknown' };
  const check = compiled(value.type);
  if (!check.Check(value)) return { type: 'bad', reason: explain(check.Errors(value), 'frame') };
  // The compiled schema has just proved it.
  return { type: 'frame', frame: value as ServerFrame };
}

const isServerFrameType = (type: unknown): type is ServerFrameType =>
  typeof type === 'string' && Object.hasOwn(SERVER_FRAMES, type);

type Check = Pick<Validator, 'Check' | 'Errors'>;
const checks = new Map<ServerFrameType, Check>();

function compiled(type: ServerFrameType): Check {
  const known = checks.get(type);
  if (known !== undefined) return known;
  const schema: TSchema = SERVER_FRAMES[type];
  const check = Compile(schema);
  checks.set(type, check);
  return check;
}
