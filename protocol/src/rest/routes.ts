// The table of all REST calls of this build, and the errors that every call of a kind can have.
import type { ProblemCode } from '../errors.ts';
import { conversationRoutes } from './conversations.ts';
import { messageRoutes } from './messages.ts';
import type { Route, RouteInput } from './route.ts';
import { systemRoutes } from './system.ts';

/** Names are OpenAPI's `operationId`. */
export const routes = { ...conversationRoutes, ...messageRoutes, ...systemRoutes } as const;

export type Routes = typeof routes;
export type RouteName = keyof Routes;
/** What the handler of the named route gets. */
export type InputOf<Name extends RouteName> = RouteInput<Routes[Name]>;

export const routeNames = Object.keys(routes) as readonly RouteName[];

/** All codes a call may answer with: its own, and those of its kind. */
export function routeErrors(route: Route): readonly ProblemCode[] {
  const takesInput = route.params ?? route.query ?? route.headers ?? route.body;
  return [
    ...(takesInput === undefined ? [] : (['bad_frame'] as const)),
    ...(route.body === undefined ? [] : (['frame_too_large'] as const)),
    ...(route.access === 'bearer' ? bearerErrors : []),
    ...route.errors,
    ...(route.access === 'none' ? [] : serverErrors),
  ];
}

const bearerErrors = ['unauthenticated', 'rate_limited', 'overloaded'] as const;
const serverErrors = ['unavailable', 'internal'] as const;
