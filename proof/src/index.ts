// Who judges the system: clients that remember, a reader that looks for itself. Written against the wire, the log and the
// stores alone: it shares no code with what it judges, so that both cannot be wrong in the same way.
export { Crowd, quantile, type CrowdOptions, type SystemUnderProof } from './crowd.ts';
export { eventually, seeded } from './eventually.ts';
export { readLog, walkPages, type Findings, type LogEntry } from './independent-reader.ts';
export { isAcked, RecordingClient, type Acked, type Entry, type Refused } from './recording-client.ts';
export { readCassandraRows, readRows } from './rows.ts';
