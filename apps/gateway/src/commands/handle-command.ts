// The one command handler: load, decide, append at the expected position, and again when the state had moved on.
import type {
  Appended,
  AppendRefusal,
  ChatEvent,
  ConversationId,
  ConversationState,
  Decision,
  EventLog,
  TimestampMs,
  UserId,
} from '@parley/domain';
import type { ConversationStates } from '@parley/projections';

/** In a hot conversation every membership change can make an append stale: this many times it is decided again. */
export const decisionsMax = 20;

/** After this many lost races with other writers of the conversation the client is asked to come back. */
const conflictRetryMs = 200;

export interface Command<Event extends ChatEvent, Refusal> {
  readonly conversationId: ConversationId;
  readonly actorId: UserId;
  readonly decide: (state: ConversationState) => Decision<Event, Refusal>;
  readonly idempotencyKey: string;
  readonly bodyHash: string;
  readonly notAfterTs: TimestampMs;
  /** Of who traces it (W3C Trace Context). */
  readonly traceparent?: string | undefined;
}

export type CommandOutcome<Refusal> =
  | Appended
  | { readonly type: 'Unchanged'; readonly state: ConversationState }
  /** Decided on a state loaded after the command came in. */
  | { readonly type: 'Refused'; readonly refusal: Refusal }
  | Exclude<AppendRefusal, { type: 'Stale' }>;

export interface CommandHandling {
  readonly log: EventLog;
  readonly states: ConversationStates;
}

export async function handleCommand<Event extends ChatEvent, Refusal>(
  { log, states }: CommandHandling,
  command: Command<Event, Refusal>,
): Promise<CommandOutcome<Refusal>> {
  const { conversationId, actorId, decide, traceparent, ...rest } = command;
  for (let attempt = 0; attempt < decisionsMax; attempt++) {
    const isCurrent = attempt > 0;
    const { state, meta } = await (isCurrent ? states.current(conversationId) : states.recent(conversationId));
    const decision = decide(state);
    if (decision.type === 'Accepted') {
      const event = { conversationId, actorId, event: decision.event, decidedOn: meta, ...rest };
      const outcome = await log.append(event, traceparent);
      if (outcome.type !== 'Stale') return outcome;
    } else if (isCurrent) {
      return decision.type === 'Unchanged' ? { type: 'Unchanged', state } : decision;
    }
  }
  return { type: 'Unavailable', retryAfterMs: conflictRetryMs };
}
