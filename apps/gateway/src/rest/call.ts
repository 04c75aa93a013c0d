// What a REST handler is given, and what it gives back.
import {
  isMember,
  type ConversationId,
  type ConversationState,
  type OpenConversation,
  type UserId,
} from '@parley/domain';
import type { InputOf, Refusal, RouteName, Routes } from '@parley/protocol';
import type { ChangeOutcome } from '../commands/change-conversation.ts';
import type { HandlerContext } from '../context.ts';
import type { HttpAnswer } from '../http.ts';

export interface RestContext extends HandlerContext {
  /** Why it takes no work now. */
  notReady(): readonly string[];
}

/** Checked input, and the user whose token it was where the route asks for one. */
export interface Call<Name extends RouteName> {
  readonly context: RestContext;
  readonly input: InputOf<Name>;
  readonly caller: Routes[Name]['access'] extends 'bearer' ? UserId : undefined;
}

export type Result = HttpAnswer | Refused;

export interface Refused {
  readonly refusal: Refusal;
}

export const refused = (refusal: Refusal): Refused => ({ refusal });

/** Undefined when the change is made, or was there already. */
export function changeRefusal(outcome: ChangeOutcome): Refusal | undefined {
  if (outcome.type === 'Refused') return outcome.refusal;
  return outcome.type === 'Appended' || outcome.type === 'Unchanged' ? undefined : outcome;
}

/** The state, open, for someone who is in it; else why not. */
export function seenBy(state: ConversationState, caller: UserId): OpenConversation | Refused {
  if (state.type === 'none') return refused({ type: 'NoSuchConversation' });
  return isMember(state, caller) ? state : refused({ type: 'NotAMember' });
}

export const isRefused = (value: object): value is Refused => 'refusal' in value;

/** As of now, for a member. */
export async function currentFor(
  { states }: RestContext,
  conversationId: ConversationId,
  caller: UserId,
): Promise<OpenConversation | Refused> {
  return seenBy((await states.current(conversationId)).state, caller);
}
