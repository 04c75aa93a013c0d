// A stored row that cannot be read is a finding for whoever looks for damage, not the end of the search.
export class Unreadable {
  readonly problem: string;

  constructor(cause: unknown) {
    this.problem = `a row cannot be read: ${String(cause)}`;
  }
}

export function readable<Meaning>(read: () => Meaning): Meaning | Unreadable {
  try {
    return read();
  } catch (cause) {
    return new Unreadable(cause);
  }
}
