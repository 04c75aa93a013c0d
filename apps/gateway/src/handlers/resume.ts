// `resume`: what a session missed in the conversations it names, then `resumed`, then what came live meanwhile.
// `read`, the marks that may have been lost, is accepted and has no effect until there are receipts.
import type { ConversationId, Position } from '@parley/domain';
import type { TimelineView } from '@parley/projections';
import {
  errorFrame,
  mapToPositions,
  positionsToMap,
  positionToText,
  refusalToError,
  type Refusal,
  type ResumeFailedFrame,
  type ResumeFrame,
} from '@parley/protocol';
import type { HandlerContext } from '../context.ts';
import { historyFrames } from '../resume/history.ts';
import { readMissed } from '../resume/missed.ts';
import { refuse } from '../refuse.ts';
import { otherHeads } from '../resume/others.ts';
import { viewsOf } from '../resume/views.ts';
import type { Session } from '../session.ts';

const overloaded: Refusal = { type: 'Overloaded', retryAfterMs: 1_000 };

export async function resume(context: HandlerContext, session: Session, frame: ResumeFrame): Promise<void> {
  const lastSeen = positionsToMap(frame.last_seen);
  // From here on, before anything is asked: what comes live now may or may not be in the history that is read below.
  const hold = session.hold([...lastSeen.keys()]);
  if (!hold) return tooMany(context, session, frame);
  const arrivedTs = context.world.now();
  const resuming = { context, session, frame, arrivedTs, lastSeen, heads: new Map(), reached: new Map(), entries: 0 };
  try {
    const queued = context.resumes.run(session.entry.sessionId, () => resumeInTurn(resuming));
    await (queued ?? tooMany(context, session, frame));
  } finally {
    session.release(hold, resuming.reached);
  }
}

const tooMany = (context: HandlerContext, session: Session, frame: ResumeFrame): void =>
  refuse(context, session, errorFrame(refusalToError(overloaded), refOf(frame)));

interface Resuming {
  readonly context: HandlerContext;
  readonly session: Session;
  readonly frame: ResumeFrame;
  readonly arrivedTs: number;
  readonly lastSeen: ReadonlyMap<ConversationId, Position>;
  /** Both filled as conversations are done. What the client's cursors become: failed ones are not in it. */
  readonly heads: Map<ConversationId, Position>;
  /** Live frames up to here have been given, or are the client's to read by REST. */
  readonly reached: Map<ConversationId, Position>;
  /** Given so far; rises as conversations are done. */
  entries: number;
}

async function resumeInTurn(resuming: Resuming): Promise<void> {
  if (!resuming.session.isOpen) return; // it waited for its turn, and nobody waits for it any more
  const { context, session, frame, lastSeen, heads } = resuming;
  for (const [conversationId, view] of await viewsOf(context, [...lastSeen.keys()])) {
    if (!session.isOpen) return;
    await resumeOne(resuming, conversationId, view);
  }
  const others = await otherHeads(context, session.entry.userId, lastSeen);
  session.send({ type: 'resumed', ...refOf(frame), heads: mapToPositions(heads), ...others });
  context.observer.resumed(context.world.now() - resuming.arrivedTs, resuming.entries);
}

async function resumeOne(resuming: Resuming, id: ConversationId, view: TimelineView | undefined): Promise<void> {
  const { context, session, frame, heads, reached } = resuming;
  const viewer = session.entry.userId;
  const missed = await readMissed(context, view, { viewer, after: resuming.lastSeen.get(id) ?? (0 as Position) });
  if (missed.head !== undefined) reached.set(id, missed.head);
  context.observer.conversationResumed(missed.type === 'failed' ? missed.reason : 'resumed');
  if (missed.type === 'failed') return session.send(failedFrame(frame, id, missed));
  for (const history of historyFrames({ ...missed, conversationId: id, viewer }, context.limits)) {
    // Bulk waits for the socket; whoever reads it slowly is not thereby too slow for live frames.
    await session.room();
    session.send({ ...history, ...refOf(frame) });
  }
  resuming.entries += missed.rows.length;
  heads.set(id, missed.head);
}

interface Failed {
  readonly reason: ResumeFailedFrame['reason'];
  readonly head?: Position;
}

const failedFrame = (frame: ResumeFrame, id: ConversationId, { reason, head }: Failed): ResumeFailedFrame => ({
  type: 'resume_failed',
  ...refOf(frame),
  conversation_id: id,
  reason,
  ...(head === undefined ? {} : { head: positionToText(head) }),
});

const refOf = ({ ref }: ResumeFrame): { readonly ref?: string } => (ref === undefined ? {} : { ref });
