// The answer to a frame that was refused or could not be served.
import Type from 'typebox';
import { ERROR_CODES } from './errors.ts';
import { DurationSchema, TimestampSchema } from './ids.ts';
import type { Wire } from './wire.ts';

export const ErrorFrameSchema = Type.Object(
  {
    type: Type.Literal('error'),
    code: Type.Enum([...ERROR_CODES]),
    message: Type.String({ description: 'For people.' }),
    retryable: Type.Boolean({ description: 'The same frame, unchanged, may succeed later.' }),
    retry_after_ms: Type.Optional(DurationSchema),
    server_ts: Type.Optional(TimestampSchema),
    ref: Type.Optional(Type.String({ description: 'The `ref` of the frame this answers.' })),
    client_msg_id: Type.Optional(Type.String({ description: 'As it came, even when it is not a UUID.' })),
    conversation_id: Type.Optional(Type.String({ description: 'As it came.' })),
    challenge_url: Type.Optional(Type.String()),
  },
  { title: 'Error', description: 'A frame was refused, or could not be served.' },
);
export type ErrorFrame = Wire<typeof ErrorFrameSchema>;
