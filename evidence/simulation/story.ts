// What happened, for people: one line each, with the virtual time since the beginning and who did it.

export class Story {
  readonly #sinceMs: () => number;
  readonly lines: string[] = [];

  constructor(sinceMs: () => number) {
    this.#sinceMs = sinceMs;
  }

  tell(who: string, what: string): void {
    this.lines.push(`${(this.#sinceMs() / 1000).toFixed(3).padStart(9)}  ${who.padEnd(13)} ${what}`);
  }
}
