// Puts down in a history what one client writes and hears, frame by frame, as they are on the wire.
import type { ConversationChange, Message, PageAnswer, PageQuestion, Role, Said, Shown } from './history.ts';
import type { HistoryRecorder } from './recorder.ts';

export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

export class ClientRecord {
  readonly #recorder: HistoryRecorder;
  readonly #client: { readonly user: string; readonly device: string };
  /** `error` names the message and not always its conversation. */
  readonly #conversationOf = new Map<string, string>();
  #connection = 0;

  constructor(recorder: HistoryRecorder, client: { user: string; device: string }) {
    this.#recorder = recorder;
    this.#client = client;
  }

  get #by() {
    return { ...this.#client, connection: this.#connection };
  }

  wrote(frame: Frame): void {
    if (frame.type === 'send') {
      const { clientMsgId, conversation } = aboutMessage(frame);
      this.#conversationOf.set(clientMsgId, conversation);
      this.#recorder.record({ ...this.#by, kind: 'sent', conversation, clientMsgId, body: String(frame['body']) });
    } else if (frame.type === 'resume') {
      const cursors = toPositions(frame['last_seen']);
      this.#recorder.record({ ...this.#by, kind: 'resume-asked', ref: String(frame['ref']), cursors });
    }
  }

  heard(frame: Frame): void {
    switch (frame.type) {
      case 'hello':
        this.#connection++;
        return this.#recorder.record({ ...this.#by, kind: 'connected' });
      case 'ack':
        return this.#acked(frame);
      case 'error':
        return this.#refused(frame);
      case 'message':
      case 'conversation':
        return this.#received(frame, { via: 'live' });
      case 'history':
        for (const list of [frame['messages'], frame['conversations']]) {
          for (const entry of (list ?? []) as Frame[])
            this.#received(entry, { via: 'resume', ref: String(frame['ref']) });
        }
        return;
      case 'resumed': {
        const answer = { ref: String(frame['ref']), heads: toPositions(frame['heads']) };
        return this.#recorder.record({ ...this.#by, kind: 'resumed', ...answer });
      }
      case 'resume_failed':
        return this.#resumeFailed(frame);
    }
  }

  lost(code?: number): void {
    this.#recorder.record({ ...this.#by, kind: 'disconnected', ...(code === undefined ? {} : { code }) });
  }

  gaveUp(clientMsgId: string): void {
    const conversation = this.#conversationOf.get(clientMsgId);
    if (conversation !== undefined) this.#recorder.record({ ...this.#by, kind: 'given-up', conversation, clientMsgId });
  }

  /** What comes back is called with the answer, if there is one. */
  askedPage(conversation: string, question: PageQuestion): (answer: PageAnswer) => void {
    const by = { ...this.#by, connection: 0, ref: this.#recorder.newRef() };
    this.#recorder.record({ ...by, kind: 'page-asked', conversation, ...question });
    return (answer) => this.#recorder.record({ ...by, kind: 'page-read', ...answer });
  }

  #acked(frame: Frame): void {
    const answer = { position: Number(frame['message_id']), duplicate: frame['duplicate'] === true };
    this.#recorder.record({ ...this.#by, kind: 'acked', ...aboutMessage(frame), ...answer });
  }

  #refused(frame: Frame): void {
    const clientMsgId = String(frame['client_msg_id']);
    const conversation = this.#conversationOf.get(clientMsgId);
    if (conversation === undefined) return; // of another frame than `send`
    const answer = { code: String(frame['code']), retryable: frame['retryable'] === true };
    this.#recorder.record({ ...this.#by, kind: 'refused', conversation, clientMsgId, ...answer });
  }

  #received(frame: Frame, way: { via: 'live' } | { via: 'resume'; ref: string }): void {
    const shown = toShown(frame);
    if (!shown) return;
    const conversation = String(frame['conversation_id']);
    this.#recorder.record({ ...this.#by, kind: 'received', ...way, conversation, ...shown });
  }

  #resumeFailed(frame: Frame): void {
    const ref = typeof frame['ref'] === 'string' ? { ref: frame['ref'] } : {};
    const head = frame['head'] === undefined ? {} : { head: Number(frame['head']) };
    const [conversation, reason] = [String(frame['conversation_id']), String(frame['reason'])];
    this.#recorder.record({ ...this.#by, kind: 'resume-failed', ...ref, conversation, reason, ...head });
  }
}

const aboutMessage = (frame: Frame): { readonly conversation: string; readonly clientMsgId: string } => ({
  conversation: String(frame['conversation_id']),
  clientMsgId: String(frame['client_msg_id']),
});

const toPositions = (heads: unknown): Record<string, number> =>
  Object.fromEntries(Object.entries((heads ?? {}) as Record<string, string>).map(([id, head]) => [id, Number(head)]));

/** Of a `message` or `conversation` frame, or an entry of a page; undefined when it is neither a message nor a change of the conversation. */
export function toShown(frame: Frame): Shown | undefined {
  const said = frame['client_msg_id'] === undefined ? toChange(frame) : toMessage(frame);
  const prev = frame['prev_id'] === undefined ? {} : { prev: Number(frame['prev_id']) };
  return said && { position: Number(frame['position'] ?? frame['message_id']), ...prev, said };
}

/** Undefined when it was refused or did not come. */
export async function fetchPage(url: string, token: string, question: PageQuestion): Promise<PageAnswer | undefined> {
  const parameters = Object.entries(question).map(([name, value]) => `${name}=${value}`);
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}?${parameters.join('&')}`, { headers }).catch(() => undefined);
  if (response?.status !== 200) return undefined;
  const page = (await response.json()) as { messages: Frame[]; has_more: boolean; stale?: boolean };
  const messages = page.messages.flatMap((message) => toShown(message) ?? []);
  return { messages, hasMore: page.has_more, stale: page.stale === true };
}

const toMessage = (frame: Frame): Message => ({
  type: 'message',
  sender: String(frame['sender_id']),
  clientMsgId: String(frame['client_msg_id']),
  body: String(frame['body']),
});

function toChange(frame: Frame): Said | undefined {
  const event = (frame['event'] ?? {}) as ChangeOnTheWire;
  const type = changes.get(event.type ?? '');
  const users = event.user_ids ?? (event.user_id === undefined ? [] : [event.user_id]);
  const { role, name, settings } = event;
  return (
    type && {
      type,
      by: String(frame['actor_id']),
      users,
      ...(role === undefined ? {} : { role }),
      ...(name === undefined ? {} : { name }),
      ...(settings === undefined ? {} : { history: settings.history }),
    }
  );
}

interface ChangeOnTheWire {
  readonly type?: string;
  readonly user_ids?: readonly string[];
  readonly user_id?: string;
  readonly role?: Role;
  readonly name?: string;
  readonly settings?: { readonly history: 'shared' | 'since_join' };
}

const changes: ReadonlyMap<string, ConversationChange['type']> = new Map([
  ['created', 'created'],
  ['members_added', 'added'],
  ['member_removed', 'removed'],
  ['member_left', 'left'],
  ['renamed', 'renamed'],
  ['settings_changed', 'settings'],
  ['role_changed', 'role'],
]);
