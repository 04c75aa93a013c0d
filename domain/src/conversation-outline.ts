// A conversation as whoever is in it sees it from outside: small, however many members there are.
import {
  presentMembers,
  type ConversationKind,
  type ConversationSettings,
  type OpenConversation,
} from './conversation/index.ts';
import type { UserId } from './ids.ts';

export interface ConversationOutline {
  readonly kind: ConversationKind;
  readonly name?: string;
  readonly settings: ConversationSettings;
  readonly memberCount: number;
  /** Both, of a direct chat. */
  readonly pair?: readonly UserId[];
}

export const outlineOf = (state: OpenConversation): ConversationOutline => ({
  kind: state.kind,
  ...(state.name === undefined ? {} : { name: state.name }),
  settings: state.settings,
  memberCount: presentMembers(state).length,
  ...(state.kind === 'direct' ? { pair: [...state.members.keys()] } : {}),
});
