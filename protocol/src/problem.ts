// The body of every failed REST call: RFC 9457, `application/problem+json`.
import Type from 'typebox';
import { PROBLEM_CODES } from './errors.ts';
import { DurationSchema, TimestampSchema } from './ids.ts';
import type { Wire } from './wire.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: '`urn:parley:error:` and the code.' }),
    title: Type.String({ description: 'What the code means, always the same words.' }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What was wrong this time, for people.' }),
    code: Type.Enum([...PROBLEM_CODES], { description: 'For programs.' }),
    retryable: Type.Boolean({ description: 'The same request, unchanged, may succeed later.' }),
    retry_after_ms: Type.Optional(DurationSchema),
    server_ts: Type.Optional(TimestampSchema),
    request_id: Type.String({ description: 'The same as in the header `X-Request-Id` and in the log of the server.' }),
  },
  { title: 'Problem' },
);

export type Problem = Wire<typeof ProblemSchema>;
