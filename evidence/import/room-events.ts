// A room of a chat log as the events that its users would have caused: created, then who came and what was said, each decided on
// the state before it. Pure but for the ids: who stores an event says where, for replies and decisions name positions.
import type { ChatEvent, ClientMessageId, ConversationId, NewEvent, Position, UserId } from '@parley/domain';
import { NO_POSITION } from '@parley/domain';
import { digest } from '@parley/infra/runtime';
import { uuidv7 } from 'uuidv7';
import { operatorId, type Nicks } from '../irc/nicks.ts';
import type { RoomScript, Say } from '../irc/script.ts';

const notAfterMs = 30_000;

export interface Room {
  readonly conversationId: ConversationId;
  readonly script: RoomScript;
  /** Of all rooms: a nick is one user in each of them. */
  readonly nicks: Nicks;
}

/** Yields each event; is told its position by `next`. */
export function* roomEvents({ conversationId, script, nicks }: Room): Generator<NewEvent, void, Position> {
  const operator = operatorId as UserId;
  const settings = { history: 'shared' } as const;
  const created = { type: 'conversation.created', kind: 'group', memberIds: [operator], name: script.room, settings };
  let meta = yield toEvent({ conversationId, decidedOn: NO_POSITION, actorId: operator, event: created as ChatEvent });
  const said = new Map<number, Position>();
  for (const step of script.steps) {
    const userId = nicks.userId(step.nick) as UserId;
    const base = { conversationId, decidedOn: meta };
    if (step.type === 'enter') {
      const event = { type: 'conversation.members_added', userIds: [userId], role: 'member' } as const;
      meta = yield toEvent({ ...base, actorId: operator, event });
    } else if (step.type === 'leave') {
      meta = yield toEvent({ ...base, actorId: userId, event: { type: 'conversation.member_left', userId } });
    } else {
      said.set(step.n, yield toEvent({ ...base, actorId: userId, event: messageOf(step, said) }));
    }
  }
}

function messageOf({ text, replyTo }: Say, said: ReadonlyMap<number, Position>): ChatEvent {
  const target = replyTo === undefined ? undefined : said.get(replyTo);
  return {
    type: 'message.sent',
    clientMsgId: uuidv7() as ClientMessageId,
    body: text,
    bodyType: 'text',
    ...(target === undefined ? {} : { replyTo: target }),
  };
}

type Decided = Pick<NewEvent, 'conversationId' | 'decidedOn' | 'actorId' | 'event'>;

/** As a gateway would have stamped it now. */
function toEvent(decided: Decided): NewEvent {
  const bodyHash = digest(JSON.stringify(decided.event));
  const idempotencyKey = digest(`${decided.conversationId} ${decided.actorId} ${bodyHash} ${uuidv7()}`);
  return { ...decided, notAfterTs: Date.now() + notAfterMs, idempotencyKey, bodyHash };
}
