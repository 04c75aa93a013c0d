// REST: tokens for trying things out, and what supervisors ask.
import Type from 'typebox';
import { UserIdSchema } from '../ids.ts';
import type { Wire } from '../wire.ts';
import type { Route } from './route.ts';

export const ReadinessSchema = Type.Object(
  { status: Type.Enum(['ready', 'not_ready']), reasons: Type.Optional(Type.Array(Type.String())) },
  { title: 'Readiness' },
);
export type Readiness = Wire<typeof ReadinessSchema>;

export const systemRoutes = {
  createDevToken: {
    method: 'POST',
    path: '/v1/dev/tokens',
    summary: 'A token for any user, to try things out',
    description: 'Only in the standalone form, only from the machine itself.',
    access: 'loopback',
    body: Type.Object({ user_id: UserIdSchema }, { title: 'NewDevToken' }),
    responses: {
      200: { description: 'An access token.', schema: Type.Object({ token: Type.String() }, { title: 'DevToken' }) },
    },
    errors: ['forbidden'],
  },
  health: {
    method: 'GET',
    path: '/healthz',
    summary: 'Is the process alive',
    access: 'none',
    responses: {
      200: { description: 'It is.', schema: Type.Object({ status: Type.Literal('ok') }, { title: 'Health' }) },
    },
    errors: [],
  },
  readiness: {
    method: 'GET',
    path: '/readyz',
    summary: 'Does it take work',
    access: 'none',
    responses: {
      200: { description: 'It does.', schema: ReadinessSchema },
      503: { description: 'Not now, and why.', schema: ReadinessSchema },
    },
    errors: [],
  },
} as const satisfies Record<string, Route>;
