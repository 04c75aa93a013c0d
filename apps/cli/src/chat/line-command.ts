// What a typed line asks for. Pure.
import { parseUserId, type ConversationSettings, type Role, type UserId } from '@parley/domain';

export type LineCommand =
  | HereCommand
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'list' | 'retry' | 'help' | 'quit' | 'nothing' }
  | { readonly type: 'open'; readonly userId: UserId }
  | { readonly type: 'group'; readonly name: string; readonly userIds: readonly UserId[] }
  | { readonly type: 'use'; readonly number: number }
  | { readonly type: 'wrong'; readonly reason: string };

/** About the present conversation. */
export type HereCommand =
  | { readonly type: 'members' | 'leave' }
  | { readonly type: 'add'; readonly userIds: readonly UserId[] }
  | { readonly type: 'remove'; readonly userId: UserId }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'role'; readonly userId: UserId; readonly role: Role }
  | { readonly type: 'past'; readonly history: ConversationSettings['history'] }
  | { readonly type: 'history'; readonly count: number };

const groupUsage = '/group <name> <user…>    create a group; a name of several words in "quotes"';

export const HELP = `/list                    my conversations: > the present one, * has something new
/open <user>             open the direct chat with a user
${groupUsage}
/use <n>                 go to conversation n of the list
/members                 who is here
/add <user…>  /remove <user>  /leave
/rename <name>           another name for the group
/role <user> <role>      make a member owner, admin or member
/past <history>          what new members read of it: shared (everything) or since_join
/history [count]         older messages, more of them each time
/retry                   send again what failed
/quit
Everything else is said in the present conversation; // begins a message with a /.`;

const historyCountDefault = 20;
const historyCountMax = 100;

export function parseLine(line: string): LineCommand {
  if (line.trim() === '') return { type: 'nothing' };
  if (line.startsWith('//')) return { type: 'say', text: line.slice(1) };
  if (!line.startsWith('/')) return { type: 'say', text: line };
  const [name = '', ...args] = words(line.slice(1));
  return parseCommand(name, args);
}

function parseCommand(name: string, args: readonly string[]): LineCommand {
  switch (name) {
    case 'list':
    case 'members':
    case 'leave':
    case 'retry':
    case 'help':
    case 'quit':
      return { type: name };
    case 'open':
    case 'remove':
      return withUsers(args, 1, ([userId]) => (userId === undefined ? wrong('a user id') : { type: name, userId }));
    case 'add':
      return withUsers(args, Infinity, (userIds) => ({ type: name, userIds }));
    case 'group':
      if (args.length < 2) return { type: 'wrong', reason: groupUsage };
      return withUsers(args.slice(1), Infinity, (userIds) => ({ type: name, name: args[0] ?? '', userIds }));
    case 'use':
      return withNumber(args[0], (number) => ({ type: name, number }));
    case 'history':
      return withNumber(args[0] ?? String(historyCountDefault), (count) => ({
        type: name,
        count: Math.min(count, historyCountMax),
      }));
    default:
      return parseManaging(name, args);
  }
}

/** What owners and admins do. */
function parseManaging(name: string, args: readonly string[]): LineCommand {
  switch (name) {
    case 'rename':
      return withName(args);
    case 'role':
      return withUsers(args.slice(0, 1), 1, ([userId]) => withRole(userId, args[1]));
    case 'past':
      return withHistory(args[0]);
    default:
      return { type: 'wrong', reason: `there is no /${name}: see /help` };
  }
}

const wrong = (expected: string): LineCommand => ({ type: 'wrong', reason: `needs ${expected}: see /help` });

const withName = ([name, ...more]: readonly string[]): LineCommand =>
  name === undefined || more.length > 0 ? wrong('a name; several words in "quotes"') : { type: 'rename', name };

const withHistory = (history: string | undefined): LineCommand =>
  history === 'shared' || history === 'since_join' ? { type: 'past', history } : wrong('shared or since_join');

function withRole(userId: UserId | undefined, role: string | undefined): LineCommand {
  const isRole = role === 'owner' || role === 'admin' || role === 'member';
  return userId !== undefined && isRole
    ? { type: 'role', userId, role }
    : wrong('a user id, then owner, admin or member');
}

type Make<Value> = (value: Value) => LineCommand;

function withUsers(texts: readonly string[], max: number, make: Make<readonly UserId[]>): LineCommand {
  if (texts.length === 0 || texts.length > max) return wrong(max === 1 ? 'one user id' : 'user ids');
  const userIds = texts.map((text) => parseUserId(text));
  const bad = texts.find((_, index) => userIds[index] === undefined);
  if (bad !== undefined) return { type: 'wrong', reason: `"${bad}" is no user id: 1 to 64 of A-Z a-z 0-9 _ -` };
  return make(userIds.filter((userId) => userId !== undefined));
}

function withNumber(text: string | undefined, make: Make<number>): LineCommand {
  return text !== undefined && /^[1-9][0-9]{0,5}$/.test(text) ? make(Number(text)) : wrong('a number');
}

/** Separated by spaces; "several words" are one. */
function words(text: string): readonly string[] {
  return Array.from(text.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');
}
