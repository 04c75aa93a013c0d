// A frame that is refused: counted, a line for whoever looks for it, and the `error`.
import type { ErrorFrame } from '@parley/protocol';
import type { HandlerContext } from './context.ts';
import type { Session } from './session.ts';

export function refuse({ observer, logger }: HandlerContext, session: Session, error: ErrorFrame): void {
  observer.refused(error.code);
  logger.debug({ sessionId: session.entry.sessionId, code: error.code }, 'a frame is refused');
  session.send(error);
}
