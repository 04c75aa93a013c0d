// A value as text: the same text for equal values, whatever the order in which an object's keys were written.

export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof Map) return canonical([...value]);
  return Array.isArray(value) ? `[${value.map(canonical).join()}]` : canonicalObject(value);
}

function canonicalObject(value: object): string {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join()}}`;
}
