// What may grow, and how far. The wire's own limits (frames, rates, buffers) are in `protocol/`.

export const LIMITS = {
  groupMembersMax: 1024,
  bodyBytesMax: 16 * 1024,
  conversationNameCharsMax: 256,
  mentionsMax: 50,

  /** Joins a conversation remembers, past ones included: its state must stay a thing that fits in memory. */
  membershipIntervalsMax: 16_384,
} as const;
