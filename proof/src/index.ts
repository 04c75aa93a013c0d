// Who judges the system: clients that remember, a reader that looks for itself. Written against the wire, the log and the
// stores alone: it shares no code with what it judges, so that both cannot be wrong in the same way.
export { Crowd, quantile, type CrowdOptions, type SystemUnderProof } from './crowd.ts';
export { eventually, seeded } from './eventually.ts';
export { compare, readLog, walkPages, type Findings, type LogEntry } from './independent-reader.ts';
export { readPages, type PageReader } from './page-reader.ts';
export { isAcked, RecordingClient, type Acked, type Entry } from './recording-client.ts';
export { readCassandraRows, readRows, readStoredCassandraRows, readStoredRows, type StoredRow } from './rows.ts';
export { scrape, type Series } from './scrape.ts';
export { startTraceCollector, type CollectedSpan, type TraceCollector } from './trace-collector.ts';
export { toShown, type Frame } from './history/from-wire.ts';
export { checkHistory } from './history/check-history.ts';
export type { CheckOptions, Offence, OffenceKind } from './history/facts.ts';
export {
  historyToLines,
  linesToHistory,
  type History,
  type HistoryEntry,
  type ConversationChange,
  type Message,
  type Said,
  type Shown,
} from './history/history.ts';
export { mutate, mutations } from './history/mutate.ts';
export { readBack, type ReadBack } from './history/read-back.ts';
export { HistoryRecorder, type Happening } from './history/recorder.ts';
