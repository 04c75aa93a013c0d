// Commands about who is a member, over REST while things go wrong, each with its answer in the history. No answer is no entry.
import type { HistoryRecorder } from '@parley/proof';

export interface MemberCommandsOptions {
  readonly url: () => string;
  readonly token: (userId: string) => Promise<string>;
  readonly recorder: HistoryRecorder;
}

interface Asked {
  readonly user: string;
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

export interface MembersCommand {
  readonly command: 'create' | 'add' | 'remove' | 'leave';
  readonly user: string;
  readonly users: readonly string[];
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
    const { command, user, users } = asked;
    const path = `/${conversation}/members`;
    const adding = { user, method: 'POST', path, body: { user_ids: users } } as const;
    const removing = { user, method: 'DELETE', path: `${path}/${command === 'leave' ? 'me' : users[0]}` } as const;
    return (await this.#members({ ...asked, conversation }, command === 'add' ? adding : removing))?.ok;
  }

  async #members({ command, user, conversation, users }: ToRecord, asked: Asked): Promise<Answer> {
    const by = { user, device: 'rest', connection: 0 };
    const { recorder } = this.#options;
    const ref = recorder.newRef();
    const where = conversation === undefined ? {} : { conversation };
    recorder.record({ kind: 'members-asked', ...by, ref, command, users, ...where });
    const answer = await this.#ask(asked);
    if (!answer) return undefined;
    const id = conversation ?? answer.content['conversation_id'];
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
