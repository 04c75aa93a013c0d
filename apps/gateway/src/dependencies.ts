// What a gateway is given, and what it reports. Nothing here is looked up: `main.ts` hands all of it in.
import type { Digest, EventLog, GatewayBus, RateBuckets, SessionRegistry, Shard, UserId, World } from '@parley/domain';
import type { ConversationList, ConversationStates, TimelineQueries } from '@parley/projections';
import type { ProblemCode, WireLimits } from '@parley/protocol';
import type { JwtConfig } from './auth/jwt-config.ts';

export interface GatewayDependencies {
  readonly log: EventLog;
  readonly states: ConversationStates;
  readonly timeline: TimelineQueries;
  readonly conversations: ConversationList;
  readonly sessions: SessionRegistry;
  readonly bus: GatewayBus;
  /** Of REST calls; the frames of a socket are counted where it is. */
  readonly rates: RateBuckets;
  readonly world: World;
  readonly digest: Digest;
  readonly logger: GatewayLogger;
  readonly observer: GatewayObserver;
  /** Absent: nothing is traced. */
  readonly trace?: GatewayTrace | undefined;
  /** What else must be well before it takes work: each gives the reason why not. Asked for every upgrade, so cheap. */
  readonly readiness: readonly ReadinessProbe[];
  readonly config: GatewayConfig;
}

export type ReadinessProbe = () => string | undefined;

export interface GatewayConfig {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly logEpoch: number;
  readonly jwt: JwtConfig;
  /** Allowed `Origin`s. Empty, for development: those on this machine, and the gateway's own. */
  readonly origins: readonly string[];
  /** False lifts the rates, not the sizes. */
  readonly rateLimits: boolean;
  /** Within this time after `drain()` every socket is closed and every append has its answer. */
  readonly drainMs: number;
  readonly limits: WireLimits;
  /** Answers `GET /`. */
  readonly page?: StaticPage;
  /** Switches `POST /v1/dev/tokens` on, for callers on this machine. */
  readonly devTokens?: { issueToken(userId: UserId): Promise<string> };
}

export interface StaticPage {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** As pino has it. A line names the session or the request it is about, never what was said in it. */
export interface GatewayLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Called on hot paths: counts, nothing else. Latencies in milliseconds. */
export interface GatewayObserver {
  connectionOpened(): void;
  connectionClosed(code: number): void;
  frameIn(type: string): void;
  /** A frame was handed to a socket. */
  frameOut(bytes: number): void;
  /** From the frame's arrival to its `ack`. */
  acked(latencyMs: number): void;
  refused(code: ProblemCode): void;
  /** A live frame was handed to a socket, this long after the log had stored it. */
  delivered(latencyMs: number): void;
  slowConsumer(): void;
  /** Of this shard a batch never came. */
  batchHole(shard: Shard): void;
  /** A conversation that a `resume` named was caught up with, or why not. */
  conversationResumed(outcome: string): void;
  /** A `resume` was answered, with so many entries. */
  resumed(latencyMs: number, entries: number): void;
  /** A hole on the live path, or a lapsed lease: this many sessions were told to resume. */
  resynced(reason: ResyncReason, sessions: number): void;
  httpAnswered(route: string, status: number, latencyMs: number): void;
}

/** Begins a trace, which ends when it is disposed; undefined: this one is not traced. */
export type GatewayTrace = (name: string) => Trace | undefined;

interface Trace extends Disposable {
  /** For who goes on with it (W3C Trace Context). */
  readonly traceparent: string;
  note(fields: Readonly<Record<string, string>>): void;
}

export type ResyncReason = 'hole' | 'interrupted' | 'lease-lapsed';
