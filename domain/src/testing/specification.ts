// Given these facts, when this is asked, then: an event, nothing, or a refusal. Nothing else can come of a decider.
import { expect } from 'vitest';
import type { Decider, Decision, Fact } from '../decider.ts';

export interface Specification<Command, Event, Refusal> {
  when(command: Command): Outcome<Event, Refusal>;
}

export interface Outcome<Event, Refusal> {
  thenEvent(event: Event): void;
  thenUnchanged(): void;
  thenRefused(refusal: Refusal): void;
}

export function given<State, Command, Event, Refusal>(
  decider: Decider<State, Command, Event, Refusal>,
  ...facts: readonly Fact<Event>[]
): Specification<Command, Event, Refusal> {
  const state = facts.reduce<State>((before, fact) => decider.evolve(before, fact), decider.initialState);
  return {
    when(command) {
      const decision: Decision<Event, Refusal> = decider.decide(command, state);
      return {
        thenEvent: (event) => expect(decision).toEqual({ type: 'Accepted', event }),
        thenUnchanged: () => expect(decision).toEqual({ type: 'Unchanged' }),
        thenRefused: (refusal) => expect(decision).toEqual({ type: 'Refused', refusal }),
      };
    },
  };
}
