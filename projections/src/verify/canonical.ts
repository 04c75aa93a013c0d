// A value as text: the same text for equal values, whatever the order in which an object's keys were written.

export function canonical(value: unknown): string {
  if (typeof value === 'number') return `${value}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof Map) return canonical([...value]);
  return Array.isArray(value) ? `[${value.map(canonical).join()}]` : canonicalObject(value);
}

function canonicalObject(value: object): string {
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const { name, label } of inOrder(Object.keys(value))) {
    const member = members[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${label}${canonical(member)}`;
  }
  return `{${text}}`;
}

interface Key {
  readonly name: string;
  readonly label: string;
}

/** Objects of one kind have the same keys: sorting them for each row would take longer than all the rest. */
const shapes = new Map<string, readonly Key[]>();
const shapesMax = 1_000;

function inOrder(names: readonly string[]): readonly Key[] {
  const shape = JSON.stringify(names);
  const known = shapes.get(shape);
  if (known) return known;
  const keys = names.toSorted().map((name) => ({ name, label: `${JSON.stringify(name)}:` }));
  if (shapes.size < shapesMax) shapes.set(shape, keys);
  return keys;
}
