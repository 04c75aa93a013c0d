// For tests: a small server that speaks enough of `chat.v1` for a client: one log in memory, no checks. It can hide live
// frames and cut connections, so that clients have something to heal.
import { parseConversationId, parseUserId, position, type ConversationId, type UserId } from '@parley/domain';
import {
  helloLimits,
  LIMITS,
  parseClientFrame,
  positionToText,
  type ClientFrame,
  type ConversationSummary,
} from '@parley/protocol';
import uws from 'uWebSockets.js';
import { placeOf, type Entry } from '../client/index.ts';

interface Session {
  readonly userId: UserId;
}
type Socket = uws.WebSocket<Session>;

interface Room {
  readonly id: ConversationId;
  readonly type: 'direct' | 'group';
  name?: string;
  readonly members: Set<UserId>;
  readonly entries: Entry[];
}

interface NewRoom {
  readonly type: 'direct' | 'group';
  readonly members: readonly UserId[];
  readonly name?: string;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly userId: UserId | undefined;
  /** What the test itself sent, whichever call it is. */
  readonly body: NewRoom & {
    readonly user_id: string;
    readonly user_ids: readonly UserId[];
    readonly name: string;
    readonly role: string;
  };
}

export interface TestServer extends Disposable {
  readonly url: string;
  /** Live frames are lost until it is false again. */
  isHidingLive: boolean;
  cut(code: number): void;
}

export async function startTestServer(port = 0, page?: () => Buffer): Promise<TestServer> {
  const server = new FakeServer();
  if (page !== undefined)
    server.app.get('/', (response) => void response.writeHeader('content-type', 'text/html').end(page()));
  return new Promise((resolve, reject) => {
    server.app.listen('127.0.0.1', port, (listening) => {
      if (listening === false) return reject(new Error('cannot listen'));
      server.url = `http://127.0.0.1:${uws.us_socket_local_port(listening)}`;
      return resolve(server);
    });
  });
}

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the test server does not know that');
  return value;
}

class FakeServer implements TestServer {
  readonly app = uws.App();
  readonly #rooms = new Map<string, Room>();
  readonly #sockets = new Set<Socket>();
  #positions = 0;
  url = '';
  isHidingLive = false;

  constructor() {
    this.app.ws<Session>('/v1/ws', {
      maxPayloadLength: LIMITS.frameBytesMax,
      upgrade: (response, request, context) => {
        const offered = request.getHeader('sec-websocket-protocol');
        const userId = known(parseUserId(offered.split('bearer.token-of-')[1] ?? ''));
        response.upgrade({ userId }, request.getHeader('sec-websocket-key'), 'chat.v1', '', context);
      },
      open: (socket) => {
        this.#sockets.add(socket);
        this.#say(socket, this.#hello(socket.getUserData().userId));
      },
      message: (socket, bytes) => {
        const { ok, error } = parseClientFrame(JSON.parse(Buffer.from(bytes).toString()));
        if (ok === undefined) this.#say(socket, error);
        else this.#take(socket, ok);
      },
      close: (socket) => void this.#sockets.delete(socket),
    });
    this.app.any('/v1/*', (response, request) => {
      const method = request.getMethod().toUpperCase();
      const [path, query] = [request.getUrl(), new URLSearchParams(request.getQuery())];
      const userId = parseUserId(request.getHeader('authorization').replace('Bearer token-of-', ''));
      const chunks: Buffer[] = [];
      response.onAborted(() => undefined);
      response.onData((chunk, isLast) => {
        chunks.push(Buffer.from(Buffer.from(chunk)));
        if (!isLast) return;
        const text = Buffer.concat(chunks).toString();
        const body = text === '' ? {} : JSON.parse(text);
        const answer = this.#rest({ method, path, query, userId, body });
        response.cork(() =>
          response.writeStatus(answer === undefined ? '204 No Content' : '200 OK').end(JSON.stringify(answer) ?? ''),
        );
      });
    });
  }

  cut(code: number): void {
    for (const socket of this.#sockets) socket.end(code, 'cut');
  }

  [Symbol.dispose](): void {
    this.app.close();
  }

  #say(socket: Socket, frame: object): void {
    socket.send(JSON.stringify(frame));
  }

  #hello(userId: UserId): object {
    const serverTs = Date.now();
    const times = { server_ts: serverTs, heartbeat_ms: 30_000, token_exp_ts: serverTs + 1e9 };
    return {
      type: 'hello',
      session_id: 's',
      user_id: userId,
      device_id: 'd',
      ...times,
      log_epoch: 1,
      limits: helloLimits(LIMITS),
    };
  }

  #take(socket: Socket, frame: ClientFrame): void {
    const { userId } = socket.getUserData();
    if (frame.type === 'ping') this.#say(socket, { type: 'pong', server_ts: Date.now() });
    if (frame.type === 'resume') this.#resume(socket, frame);
    if (frame.type !== 'send') return;
    const room = known(this.#rooms.get(frame.conversation_id ?? ''));
    const again = room.entries.find((entry) => entry.type === 'message' && entry.client_msg_id === frame.client_msg_id);
    const content = { client_msg_id: frame.client_msg_id, body: frame.body, body_type: 'text', sender_id: userId };
    const at =
      again === undefined
        ? this.#append(room, (place) => ({ type: 'message', message_id: place, ...content }))
        : placeOf(again);
    const places = { message_id: String(at), position: String(at) };
    this.#say(socket, {
      type: 'ack',
      client_msg_id: frame.client_msg_id,
      conversation_id: room.id,
      ...places,
      server_ts: Date.now(),
    });
  }

  #resume(socket: Socket, { ref, last_seen: lastSeen }: Extract<ClientFrame, { type: 'resume' }>): void {
    const { userId } = socket.getUserData();
    const mine = [...this.#rooms.values()].filter(({ members }) => members.has(userId));
    const heads: Record<string, string> = {};
    const others: Record<string, string> = {};
    for (const { id, entries } of mine) {
      const cursor = lastSeen[id];
      (cursor === undefined ? others : heads)[id] = String(this.#head(entries));
      if (cursor === undefined) continue;
      const missed = entries.filter((entry) => placeOf(entry) > Number(cursor));
      const messages = missed.filter(({ type }) => type === 'message');
      const conversations = missed.filter(({ type }) => type === 'conversation');
      this.#say(socket, {
        type: 'history',
        ref,
        conversation_id: id,
        messages,
        changes: [],
        conversations,
        more: false,
      });
    }
    this.#say(socket, { type: 'resumed', ref, heads, others, others_more: false });
  }

  #head(entries: readonly Entry[]): number {
    const last = entries.at(-1);
    return last === undefined ? 0 : placeOf(last);
  }

  #append(room: Room, make: (place: string) => object): number {
    const at = ++this.#positions;
    const base = { conversation_id: room.id, prev_id: String(this.#head(room.entries)), server_ts: Date.now() };
    const entry = { ...make(positionToText(position(at))), ...base } as Entry;
    room.entries.push(entry);
    for (const socket of this.#sockets) {
      if (!this.isHidingLive && room.members.has(socket.getUserData().userId)) this.#say(socket, entry);
    }
    return at;
  }

  #change(room: Room, actorId: UserId, event: object): void {
    this.#append(room, (place) => ({ type: 'conversation', position: place, actor_id: actorId, event }));
  }

  #summary({ id, type, name, members }: Room, viewer: UserId): ConversationSummary {
    const peer = type === 'direct' ? [...members].find((userId) => userId !== viewer) : undefined;
    const named = { ...(name === undefined ? {} : { name }), ...(peer === undefined ? {} : { peer_id: peer }) };
    return { conversation_id: id, type, ...named, member_count: members.size, settings: { history: 'shared' } };
  }

  #rest({ method, path, query, userId, body }: Asked): unknown {
    if (path === '/v1/dev/tokens') return { token: `token-of-${body.user_id}` };
    const me = known(userId);
    if (path === '/v1/conversations') return method === 'POST' ? this.#create(me, body) : this.#list(me);
    const [, , , id = '', part, member] = path.split('/');
    const room = known(this.#rooms.get(id));
    if (part === undefined) return method === 'PATCH' ? this.#rename(room, me, body.name) : this.#summary(room, me);
    if (part === 'messages') return this.#page(room, query);
    if (method === 'GET') return { members: [...room.members].map((each) => ({ user_id: each, role: 'member' })) };
    if (method === 'POST') return this.#add(room, me, body.user_ids);
    if (method === 'PATCH') {
      return this.#change(room, me, {
        type: 'role_changed',
        user_id: known(parseUserId(member ?? '')),
        role: body.role,
      });
    }
    const gone = member === 'me' ? me : known(parseUserId(member ?? ''));
    this.#change(
      room,
      me,
      gone === me ? { type: 'member_left', user_id: gone } : { type: 'member_removed', user_id: gone },
    );
    room.members.delete(gone);
    return undefined;
  }

  #create(me: UserId, { type, members, name }: NewRoom): ConversationSummary {
    const all = [...new Set([me, ...members])];
    const id = known(parseConversationId(type === 'direct' ? `d_${all.toSorted().join('_')}` : `g_${this.#positions}`));
    const old = this.#rooms.get(id);
    const room: Room = old ?? { id, type, ...(name === undefined ? {} : { name }), members: new Set(all), entries: [] };
    this.#rooms.set(id, room);
    const conversation = this.#summary(room, me);
    const { peer_id: _peer, ...forAnyone } = conversation;
    if (old === undefined) this.#change(room, me, { type: 'created', conversation: forAnyone });
    return conversation;
  }

  #rename(room: Room, me: UserId, name: string): ConversationSummary {
    room.name = name;
    this.#change(room, me, { type: 'renamed', name });
    return this.#summary(room, me);
  }

  #add(room: Room, me: UserId, userIds: readonly UserId[]): ConversationSummary {
    for (const added of userIds) room.members.add(added);
    this.#change(room, me, {
      type: 'members_added',
      user_ids: userIds,
      role: 'member',
      conversation: this.#summary(room, me),
    });
    return this.#summary(room, me);
  }

  #list(me: UserId): object {
    const mine = [...this.#rooms.values()].filter(({ members }) => members.has(me));
    return {
      conversations: mine.map((room) => ({
        ...this.#summary(room, me),
        head: String(this.#head(room.entries)),
        last_activity_ts: room.entries.at(-1)?.server_ts ?? 0,
      })),
    };
  }

  #page(room: Room, query: URLSearchParams): object {
    const before = Number(query.get('before') ?? Infinity);
    const limit = Number(query.get('limit') ?? 50);
    const older = room.entries.filter((entry) => placeOf(entry) < before);
    const entries = older.slice(-limit).toReversed();
    return {
      messages: entries.filter(({ type }) => type === 'message'),
      conversations: entries.filter(({ type }) => type === 'conversation'),
      has_more: older.length > limit,
    };
  }
}
