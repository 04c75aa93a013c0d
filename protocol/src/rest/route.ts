// What a row of the REST table is. The gateway's router and the OpenAPI document are made from the same rows.
import type { TObject, TSchema } from 'typebox';
import type { ProblemCode } from '../errors.ts';
import type { WireLimits } from '../limits.ts';
import type { Refusal } from '../refusals.ts';
import type { Wire } from '../wire.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `{name}` for each property of `params`. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly description?: string;
  /** `bearer`: an access token. `none`: anyone. `loopback`: anyone on this machine, in the standalone form only. */
  readonly access: 'bearer' | 'none' | 'loopback';
  readonly params?: TObject;
  /** Numbers arrive as text and are read as decimal integers. */
  readonly query?: TObject;
  /** Names in lower case. */
  readonly headers?: TObject;
  readonly body?: TObject;
  readonly responses: Readonly<Record<number, RouteResponse>>;
  /** Refusals of this call, besides those every call has. */
  readonly errors: readonly ProblemCode[];
}

export interface RouteResponse {
  readonly description: string;
  /** Without one there is no body. */
  readonly schema?: TSchema;
}

type Part<Schema> = Schema extends TSchema ? Wire<Schema> : undefined;

/** What a handler of this route gets: checked, typed. Parts the route does not have are undefined. */
export interface RouteInput<R extends Route> {
  readonly params: Part<R['params']>;
  readonly query: Part<R['query']>;
  readonly headers: Part<R['headers']>;
  readonly body: Part<R['body']>;
}

/** Rules beyond the schemas. */
export type RouteRule<R extends Route> = (input: RouteInput<R>, limits: RestLimits) => Refusal | undefined;

export type RestLimits = Pick<WireLimits, 'bodyBytesMax'>;
