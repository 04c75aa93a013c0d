// The whole idea of a command and its facts. Everything is a pure, synchronous function: no clock, no ids, no I/O.
import type { Position, UserId } from './ids.ts';

export interface Decider<State, Command, Event, Refusal> {
  readonly initialState: State;
  /** One command gives at most one event; what the rules forbid is a value, not an exception. */
  decide(command: Command, state: State): Decision<Event, Refusal>;
  /** Total: never throws, never validates; a fact happened. */
  evolve(state: State, fact: Fact<Event>): State;
}

/** An event that is in the log: what happened, by whom, and where in the one order. */
export interface Fact<Event> {
  readonly position: Position;
  readonly actorId: UserId;
  readonly event: Event;
  /** Hash of what the client had asked for. */
  readonly bodyHash: string;
}

export type Decision<Event, Refusal> =
  | { readonly type: 'Accepted'; readonly event: Event }
  /** What was asked for is already so. */
  | { readonly type: 'Unchanged' }
  | { readonly type: 'Refused'; readonly refusal: Refusal };

export const accepted = <Event>(event: Event): Decision<Event, never> => ({ type: 'Accepted', event });
export const unchanged: Decision<never, never> = { type: 'Unchanged' };
export const refused = <Refusal>(refusal: Refusal): Decision<never, Refusal> => ({ type: 'Refused', refusal });
