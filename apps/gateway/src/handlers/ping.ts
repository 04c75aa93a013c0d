// `ping` -> `pong`: browsers cannot see the WebSocket's own.
import type { PingFrame } from '@parley/protocol';
import type { HandlerContext } from '../context.ts';
import type { Session } from '../session.ts';

export function ping({ world }: HandlerContext, session: Session, { ref }: PingFrame): void {
  session.send({ type: 'pong', ...(ref === undefined ? {} : { ref }), server_ts: world.now() });
}
