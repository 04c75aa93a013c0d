// The table of REST handlers: one for each row of the protocol's routes.
import type { RouteName } from '@parley/protocol';
import type { Call, Result } from './call.ts';
import { createConversation, getConversation, listConversations, updateConversation } from './conversations.ts';
import { addMembers, changeRole, listMembers, removeMember } from './members.ts';
import { getMessage, listMessages, sendMessage } from './messages.ts';
import { createDevToken, health, readiness } from './system.ts';

export type RestHandler<Name extends RouteName> = (call: Call<Name>) => Promise<Result> | Result;

export const REST_HANDLERS: { readonly [Name in RouteName]: RestHandler<Name> } = {
  createConversation,
  listConversations,
  getConversation,
  updateConversation,
  listMembers,
  addMembers,
  removeMember,
  changeRole,
  sendMessage,
  listMessages,
  getMessage,
  createDevToken,
  health,
  readiness,
};
