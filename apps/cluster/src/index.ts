// A fleet on one machine, for people and for tests.
export { startCluster, type Cluster, type ClusterOptions } from './cluster.ts';
export type { Member, MemberReport } from './member.ts';
