// Who a nick is in Parley: ids have fewer characters than nicks. Two nicks never become one user.

/** Opens every room and lets the others in, reads along, and never speaks. */
export const operatorId = 'operator';

const idCharsMax = 64;
const forbidden = /[^A-Za-z0-9_-]/g;

export class Nicks {
  readonly #ids = new Map<string, string>();
  readonly #taken = new Set([operatorId, 'me']);

  /** The same for the same nick. */
  userId(nick: string): string {
    const known = this.#ids.get(nick);
    if (known !== undefined) return known;
    const id = this.#free(nick.replaceAll(forbidden, '_') || '_');
    this.#ids.set(nick, id);
    this.#taken.add(id);
    return id;
  }

  get userIds(): readonly string[] {
    return [...this.#ids.values()];
  }

  #free(wanted: string): string {
    const short = wanted.slice(0, idCharsMax);
    for (let nth = 2, id = short; ; nth++) {
      if (!this.#taken.has(id)) return id;
      id = `${short.slice(0, idCharsMax - 8)}-${nth}`;
    }
  }
}
