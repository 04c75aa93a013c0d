// For tests: a chat client over sockets that a test plays the server of, in a world whose time only the test moves.
import { parseConversationId, parseUserId, type World } from '@parley/domain';
import { helloLimits, LIMITS, type ClientFrame, type HelloFrame } from '@parley/protocol';
import { ChatClient } from './chat-client.ts';
import type { UnknownConversations } from './cursors.ts';
import type { Rest } from './rest.ts';
import type { SocketHandlers, SocketRequest } from './socket.ts';

export const ts = 1_800_000_000_000;
export const cid = required(parseConversationId('g_1'));
export const alice = required(parseUserId('alice'));

export function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('expected a value');
  return value;
}

export interface FakeWorld extends World {
  /** Moves the clock and runs what falls due, in order of time. */
  advance(ms: number): Promise<void>;
}

export function fakeWorld(random = 0.5): FakeWorld {
  let now = ts;
  let ids = 0;
  const timers = new Set<{ readonly at: number; readonly task: () => void }>();
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    schedule(delayMs, task) {
      const timer = { at: now + delayMs, task };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    sleep: () => Promise.reject(new Error('not used')),
    random: () => random,
    uuid: () => `00000000-0000-7000-8000-${String(++ids).padStart(12, '0')}`,
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).toSorted((one, other) => one.at - other.at);
        if (next === undefined) break;
        timers.delete(next);
        now = next.at;
        next.task();
        await settle();
      }
      now = until;
    },
  };
}

/** The server's side of one socket. */
interface ServerSide {
  readonly request: SocketRequest;
  readonly received: ClientFrame[];
  say(frame: object): void;
  close(code: number): void;
  isClosed: boolean;
}

export interface Rig {
  readonly client: ChatClient;
  readonly world: FakeWorld;
  readonly sockets: ServerSide[];
  /** What the client told its application, as `name: the gist`. */
  readonly told: string[];
  readonly pages: Rest['messages'][];
  /** The newest socket. */
  server(): ServerSide;
  /** The newest socket says hello. */
  hello(fields?: Partial<HelloFrame>): void;
  /** Frames of one type on the newest socket. */
  sent<Type extends ClientFrame['type']>(type: Type): Extract<ClientFrame, { type: Type }>[];
}

export async function createRig(options: { unknown?: UnknownConversations; world?: FakeWorld } = {}): Promise<Rig> {
  const world = options.world ?? fakeWorld();
  const sockets: ServerSide[] = [];
  const told: string[] = [];
  const pages: Rest['messages'][] = [];
  const client = new ChatClient({
    world,
    openSocket: (request, handlers) => openFakeSocket(sockets, request, handlers),
    request: (token) => ({ url: 'ws://test/v1/ws', protocols: ['chat.v1', `bearer.${token}`] }),
    token: async () => `token-${sockets.length}`,
    rest: { messages: (id, page) => required(pages.shift())(id, page) },
    ...(options.unknown === undefined ? {} : { unknownConversations: options.unknown }),
    on: listeners(told),
  });
  await world.advance(0);
  const server = () => required(sockets.at(-1));
  return {
    client,
    world,
    sockets,
    told,
    pages,
    server,
    hello: (fields = {}) => server().say({ ...hello(world.now()), ...fields }),
    sent: <Type extends ClientFrame['type']>(type: Type) =>
      server().received.filter((frame): frame is Extract<ClientFrame, { type: Type }> => frame.type === type),
  };
}

const listeners = (told: string[]): ConstructorParameters<typeof ChatClient>[0]['on'] => ({
  status: (status) => told.push(`status: ${status.type}${status.type === 'waiting' ? ` ${status.pauseMs}` : ''}`),
  entry: (entry, from) => told.push(`${from}: ${entry.type === 'message' ? entry.message_id : entry.position}`),
  newestPage: (id, page) => told.push(`page: ${id} ${page.messages.map((message) => message.message_id).join(' ')}`),
  discovered: (id, head) => told.push(`discovered: ${id} ${head}`),
  behind: (id, head) => told.push(`behind: ${id} ${head}`),
  dropped: (id) => told.push(`dropped: ${id}`),
  reset: () => told.push('reset'),
  outgoing: ({ key, state }) => told.push(`outgoing: ${key} ${state.type}`),
  trouble: (text) => told.push(`trouble: ${text}`),
});

function openFakeSocket(sockets: ServerSide[], request: SocketRequest, handlers: SocketHandlers) {
  const side: ServerSide = {
    request,
    received: [],
    isClosed: false,
    say: (frame) => handlers.received(JSON.stringify(frame)),
    close: (code) => handlers.closed(code, `closed with ${code}`),
  };
  sockets.push(side);
  return {
    send: (text: string) => void side.received.push(JSON.parse(text)),
    close: () => {
      side.isClosed = true;
    },
  };
}

const hello = (serverTs: number): HelloFrame => ({
  type: 'hello',
  session_id: 's1',
  user_id: alice,
  device_id: 'd1',
  server_ts: serverTs,
  heartbeat_ms: 30_000,
  token_exp_ts: serverTs + 3_600_000,
  log_epoch: 1,
  limits: helloLimits(LIMITS),
});

/** A message at `position` that follows `prev`. */
export const message = (position: number, prev: number, id = 'g_1'): object => ({
  type: 'message',
  conversation_id: id,
  message_id: String(position),
  prev_id: String(prev),
  sender_id: 'bob',
  client_msg_id: '0191d7a0-0000-7000-8000-000000000001',
  body: `body ${position}`,
  body_type: 'text',
  server_ts: ts,
});

export const history = (id: string, messages: readonly object[]): object => ({
  type: 'history',
  conversation_id: id,
  messages,
  changes: [],
  conversations: [],
  more: false,
});

export const resumed = (ref: string | undefined, heads: object, others: object = {}): object => ({
  type: 'resumed',
  ref,
  heads,
  others,
  others_more: false,
});
