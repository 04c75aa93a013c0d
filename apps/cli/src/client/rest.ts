// The REST calls a chat needs, typed by the protocol's own table of routes; each answer is checked against its schema.
import type { ConversationId, Position, Role, UserId } from '@parley/domain';
import {
  ConversationPageSchema,
  ConversationSummarySchema,
  MemberPageSchema,
  MessagePageSchema,
  positionToText,
  ProblemSchema,
  type ConversationPage,
  type ConversationPatch,
  type ConversationSummary,
  type MemberPage,
  type MessagePage,
  type Problem,
} from '@parley/protocol';
import { Compile, type Validator } from 'typebox/compile';

export interface RestOptions {
  readonly baseUrl: URL;
  readonly fetch: typeof fetch;
  readonly token: () => Promise<string>;
}

export interface NewGroup {
  readonly name: string;
  readonly memberIds: readonly UserId[];
  /** The same key again names the same group: makes a retry safe. */
  readonly idempotencyKey: string;
}

export interface PageRequest {
  /** Without it the newest page. */
  readonly before?: Position;
  readonly limit?: number;
}

/** All reject with RestProblem when the server refuses, with another error when it cannot be reached. */
export interface Rest {
  conversations(cursor?: string): Promise<ConversationPage>;
  conversation(id: ConversationId): Promise<ConversationSummary>;
  openDirect(userId: UserId): Promise<ConversationSummary>;
  createGroup(group: NewGroup): Promise<ConversationSummary>;
  update(id: ConversationId, patch: ConversationPatch): Promise<ConversationSummary>;
  members(id: ConversationId, cursor?: string): Promise<MemberPage>;
  addMembers(id: ConversationId, userIds: readonly UserId[]): Promise<ConversationSummary>;
  /** `me` leaves. */
  removeMember(id: ConversationId, userId: UserId | 'me'): Promise<void>;
  changeRole(id: ConversationId, userId: UserId, role: Role): Promise<void>;
  /** Newest first. */
  messages(id: ConversationId, page?: PageRequest): Promise<MessagePage>;
}

/** The server refused. */
export class RestProblem extends Error {
  override readonly name = 'RestProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The server answered something that is not this protocol. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer';
}

export function createRest(options: RestOptions): Rest {
  const path = (id: ConversationId) => `/v1/conversations/${id}`;
  const ask = async <Answer>(request: Asked, check: Check): Promise<Answer> =>
    answer(await call(options, request), check);

  return {
    conversations: (cursor) => ask({ path: '/v1/conversations', query: { cursor } }, CHECKS.conversationPage),
    conversation: (id) => ask({ path: path(id) }, CHECKS.conversation),
    openDirect: (userId) =>
      ask(
        { method: 'POST', path: '/v1/conversations', body: { type: 'direct', members: [userId] } },
        CHECKS.conversation,
      ),
    createGroup: ({ name, memberIds, idempotencyKey }) => {
      const body = { type: 'group', name, members: memberIds };
      const headers = { 'idempotency-key': idempotencyKey };
      return ask({ method: 'POST', path: '/v1/conversations', body, headers }, CHECKS.conversation);
    },
    update: (id, patch) => ask({ method: 'PATCH', path: path(id), body: patch }, CHECKS.conversation),
    members: (id, cursor) => ask({ path: `${path(id)}/members`, query: { cursor } }, CHECKS.memberPage),
    addMembers: (id, userIds) =>
      ask({ method: 'POST', path: `${path(id)}/members`, body: { user_ids: userIds } }, CHECKS.conversation),
    async removeMember(id, userId) {
      await call(options, { method: 'DELETE', path: `${path(id)}/members/${userId}` });
    },
    async changeRole(id, userId, role) {
      await call(options, { method: 'PATCH', path: `${path(id)}/members/${userId}`, body: { role } });
    },
    messages(id, { before, limit } = {}) {
      const query = { before: before === undefined ? undefined : positionToText(before), limit: limit?.toString() };
      return ask({ path: `${path(id)}/messages`, query }, CHECKS.messagePage);
    },
  };
}

type Check = Pick<Validator, 'Check'>;

const CHECKS = {
  conversationPage: Compile(ConversationPageSchema),
  conversation: Compile(ConversationSummarySchema),
  memberPage: Compile(MemberPageSchema),
  messagePage: Compile(MessagePageSchema),
  problem: Compile(ProblemSchema),
} as const satisfies Record<string, Check>;

interface Asked {
  readonly method?: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** A server that does not answer is one that cannot be reached. */
const answerMsMax = 30_000;

async function call({ baseUrl, fetch, token }: RestOptions, asked: Asked): Promise<Response> {
  const url = new URL(asked.path, httpUrl(baseUrl));
  for (const [name, value] of Object.entries(asked.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, value);
  const response = await fetch(url, {
    method: asked.method ?? 'GET',
    headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json', ...asked.headers },
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    signal: AbortSignal.timeout(answerMsMax),
  });
  if (response.ok) return response;
  const problem: unknown = await response.json().catch(() => undefined);
  throw CHECKS.problem.Check(problem)
    ? new RestProblem(problem as Problem)
    : new BadAnswer(`${url.pathname} answered HTTP ${response.status}`);
}

async function answer<Answer>(response: Response, check: Check): Promise<Answer> {
  const value: unknown = await response.json();
  if (!check.Check(value)) throw new BadAnswer(`${new URL(response.url).pathname} answered another form than agreed`);
  // The schema has just proved it.
  return value as Answer;
}

function httpUrl(baseUrl: URL): URL {
  const url = new URL(baseUrl);
  url.protocol = url.protocol === 'wss:' || url.protocol === 'https:' ? 'https:' : 'http:';
  return url;
}

/** A token for any user; only the standalone form gives them, on its own machine. */
export async function devToken({ baseUrl, fetch }: Omit<RestOptions, 'token'>, userId: UserId): Promise<string> {
  const response = await call(
    { baseUrl, fetch, token: async () => 'none' },
    {
      method: 'POST',
      path: '/v1/dev/tokens',
      body: { user_id: userId },
    },
  );
  const value: unknown = await response.json();
  if (typeof value === 'object' && value !== null && 'token' in value && typeof value.token === 'string')
    return value.token;
  throw new BadAnswer('/v1/dev/tokens answered no token');
}
