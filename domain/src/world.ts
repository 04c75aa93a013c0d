// The world outside, handed in: time, timers, randomness and ids. Nothing in the house reads a clock or rolls a dice by
// itself, so that a whole system runs under a seeded scheduler.

/** Milliseconds since the epoch. */
export type TimestampMs = number;

export interface World {
  now(): TimestampMs;
  /** Runs `task` once after `delayMs`, unless the returned handle is disposed first. */
  schedule(delayMs: number, task: () => void): Disposable;
  /** Resolves after `delayMs`, or at once when the signal aborts: the caller looks at the signal. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
  /** A new version 7 UUID. */
  uuid(): string;
}
