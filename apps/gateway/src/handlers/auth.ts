// `auth` -> `authed`: a new token for the same user, before the old one ends.
import type { AuthFrame } from '@parley/protocol';
import type { HandlerContext } from '../context.ts';
import type { Session } from '../session.ts';

export async function auth({ tokens }: HandlerContext, session: Session, { token, ref }: AuthFrame): Promise<void> {
  const identity = await tokens.verify(token);
  // A session belongs to one user for its whole life: what waits for it was addressed to that user.
  if (identity?.userId !== session.entry.userId) return session.close('unauthenticated');
  session.tokenExpTs = identity.tokenExpTs;
  session.isToldOfExpiry = false;
  session.send({ type: 'authed', ...(ref === undefined ? {} : { ref }), token_exp_ts: identity.tokenExpTs });
}
