// One delivery to the sockets of its users on this gateway. Who may see a frame was decided by delivery, under the state of
// that position: the users it names get it, nobody else, and nothing is asked again here.
import type { ConversationId, Delivery, World } from '@parley/domain';
import type { GatewayObserver } from '../dependencies.ts';
import { encodeOnce } from '../formats.ts';
import type { Sessions } from '../sessions.ts';
import type { LiveFrame } from './holds.ts';

export interface FanOut {
  readonly sessions: Sessions;
  readonly world: Pick<World, 'now'>;
  readonly observer: Pick<GatewayObserver, 'delivered'>;
}

export function fanOut({ sessions, world, observer }: FanOut, { position, userIds, frame }: Delivery): void {
  const live: LiveFrame = { conversationId: conversationOf(frame), position, encoded: encodeOnce(frame) };
  const latencyMs = Math.max(0, world.now() - storedTsOf(frame));
  for (const userId of userIds) {
    // A slow one closes while it is written to and leaves the set: a set may lose members under way.
    for (const session of sessions.ofUser(userId)) {
      session.deliver(live);
      observer.delivered(latencyMs);
    }
  }
}

/** Every live entry names its conversation; a frame that names none is held back by no resume. */
const conversationOf = (frame: object): ConversationId =>
  'conversation_id' in frame && typeof frame.conversation_id === 'string'
    ? (frame.conversation_id as ConversationId)
    : ('' as ConversationId);

const storedTsOf = (frame: object): number =>
  'server_ts' in frame && typeof frame.server_ts === 'number' ? frame.server_ts : Number.POSITIVE_INFINITY;
