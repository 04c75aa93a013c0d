export * from './conversation.ts';
export type { Membership, MemberInterval, Role } from './members.ts';
