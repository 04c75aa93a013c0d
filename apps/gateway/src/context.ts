// What every handler may use, frame or REST.
import type { Digest, EventLog, RateBuckets, World } from '@parley/domain';
import type { ConversationList, ConversationStates, TimelineQueries } from '@parley/projections';
import type { WireLimits } from '@parley/protocol';
import type { TokenVerifier } from './auth/tokens.ts';
import type { KeyedQueue } from './commands/keyed-queue.ts';
import type { GatewayConfig, GatewayLogger, GatewayObserver, GatewayTrace } from './dependencies.ts';
import type { InFlight } from './in-flight.ts';

export interface HandlerContext {
  readonly log: EventLog;
  readonly states: ConversationStates;
  readonly timeline: TimelineQueries;
  readonly conversations: ConversationList;
  readonly rates: RateBuckets;
  readonly world: World;
  readonly digest: Digest;
  readonly logger: GatewayLogger;
  readonly observer: GatewayObserver;
  readonly trace: GatewayTrace | undefined;
  readonly tokens: TokenVerifier;
  readonly config: GatewayConfig;
  readonly limits: WireLimits;
  /** Messages on their way to the log: one at a time for each sender in each conversation. */
  readonly queue: KeyedQueue;
  /** Resumes: one at a time for each session. */
  readonly resumes: KeyedQueue;
  /** Frames and calls that have no answer yet, of closed sockets too. */
  readonly inFlight: InFlight;
}
