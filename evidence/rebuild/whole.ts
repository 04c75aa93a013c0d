// Whether a stored timeline is what the log says, row by row: by the independent reader, which shares no code with `parley verify`.
import type { LogEntry, StoredRow } from '@parley/proof';

export interface Differing {
  readonly conversationId: string;
  readonly what: string;
}

export function compareRows(log: readonly LogEntry[], rows: readonly StoredRow[]): readonly Differing[] {
  const accepted = log.filter(({ isVoid }) => !isVoid);
  const logged = new Map(accepted.map(({ conversationId, position, said }) => [keyOf(conversationId, position), said]));
  const found: Differing[] = [];
  for (const { conversation, position, said } of rows) {
    const key = keyOf(conversation, position);
    const expected = logged.get(key);
    logged.delete(key);
    if (!expected) found.push({ conversationId: conversation, what: `${position} is not in the log` });
    else if (JSON.stringify(said) !== JSON.stringify(expected))
      found.push({ conversationId: conversation, what: `${position} says something else` });
  }
  for (const key of logged.keys()) {
    const [conversationId = '', position] = key.split(' ');
    found.push({ conversationId, what: `${position} has no row` });
  }
  return found;
}

const keyOf = (conversationId: string, position: number): string => `${conversationId} ${position}`;
