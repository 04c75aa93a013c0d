// Commands about groups, over REST while things go wrong, each with its answer in the history. No answer is no entry.
import type { HistoryRecorder } from '@parley/proof';

export interface MemberCommandsOptions {
  readonly url: () => string;
  readonly token: (userId: string) => Promise<string>;
  readonly recorder: HistoryRecorder;
}

interface Asked {
  readonly user: string;
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

export interface MembersCommand {
  readonly command: 'create' | 'add' | 'remove' | 'leave' | 'rename' | 'settings' | 'role';
  readonly user: string;
  readonly users: readonly string[];
  readonly role?: 'admin' | 'member';
  readonly name?: string;
  readonly history?: 'shared' | 'since_join';
}

interface ToRecord extends MembersCommand {
  /** Not known before it is created. */
  readonly conversation?: string;
}

/** Longer than a gateway takes for an answer of any kind. */
const answerMsMax = 10_000;

type Answer = { readonly ok: boolean; readonly content: Readonly<Record<string, unknown>> } | undefined;

export class MemberCommands {
  readonly #options: MemberCommandsOptions;

  constructor(options: MemberCommandsOptions) {
    this.#options = options;
  }

  async createGroup(user: string, users: readonly string[], history: 'shared' | 'since_join'): Promise<string> {
    const asked = { command: 'create', user, users } as const;
    const answer = await this.#members(asked, {
      user,
      method: 'POST',
      path: '',
      body: { type: 'group', members: users, settings: { history } },
    });
    if (!answer?.ok) throw new Error(`no group for ${user}: ${JSON.stringify(answer)}`);
    return String(answer.content['conversation_id']);
  }

  /** True when it holds from now on; undefined when nobody answered. */
  async change(conversation: string, asked: MembersCommand): Promise<boolean | undefined> {
    return (await this.#members({ ...asked, conversation }, requestOf(`/${conversation}`, asked)))?.ok;
  }

  async #members({ user, ...command }: ToRecord, asked: Asked): Promise<Answer> {
    const by = { user, device: 'rest', connection: 0 };
    const { recorder } = this.#options;
    const ref = recorder.newRef();
    recorder.record({ kind: 'members-asked', ...by, ref, ...command });
    const answer = await this.#ask(asked);
    if (!answer) return undefined;
    const id = command.conversation ?? answer.content['conversation_id'];
    const code = answer.content['code'];
    recorder.record({
      kind: 'members-answered',
      ...by,
      ref,
      ok: answer.ok,
      ...(typeof id === 'string' ? { conversation: id } : {}),
      ...(typeof code === 'string' ? { code } : {}),
    });
    return answer;
  }

  async #ask({ user, method, path, body }: Asked): Promise<Answer> {
    try {
      const response = await fetch(`${this.#options.url()}/v1/conversations${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await this.#options.token(user)}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(answerMsMax),
      });
      const text = await response.text();
      const isFinal = response.ok || (response.status >= 400 && response.status < 500);
      return isFinal
        ? { ok: response.ok, content: text === '' ? {} : (JSON.parse(text) as object as never) }
        : undefined;
    } catch {
      return undefined; // cut off under way: whether it was done is not known
    }
  }
}

function requestOf(path: string, { command, user, users, role, name, history }: MembersCommand): Asked {
  const members = `${path}/members`;
  switch (command) {
    case 'add':
      return { user, method: 'POST', path: members, body: { user_ids: users } };
    case 'leave':
      return { user, method: 'DELETE', path: `${members}/me` };
    case 'remove':
      return { user, method: 'DELETE', path: `${members}/${users[0]}` };
    case 'role':
      return { user, method: 'PATCH', path: `${members}/${users[0]}`, body: { role } };
    case 'rename':
      return { user, method: 'PATCH', path, body: { name } };
    case 'settings':
      return { user, method: 'PATCH', path, body: { settings: { history } } };
    case 'create':
      throw new Error('a group is created by createGroup');
  }
}
