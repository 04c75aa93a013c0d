// Live frames that wait while their conversation is being resumed: what history already gave must not come twice, and what
// is newer must come after it.
import type { ConversationId, Position } from '@parley/domain';
import type { Encoded } from '../formats.ts';

export interface LiveFrame {
  readonly conversationId: ConversationId;
  readonly position: Position;
  readonly encoded: Encoded;
}

export interface Hold {
  readonly conversationIds: readonly ConversationId[];
}

/** Resumes of one session that run or wait. */
export const resumesWaitingMax = 32;

export class Holds {
  readonly #bytesMax: number;
  /** A conversation named by two resumes is held until the later one ends. */
  readonly #counts = new Map<ConversationId, number>();
  #open = 0;
  #held: (LiveFrame & { readonly bytes: number })[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Undefined when too many wait. */
  begin(conversationIds: readonly ConversationId[]): Hold | undefined {
    if (this.#open >= resumesWaitingMax) return undefined;
    this.#open++;
    for (const id of conversationIds) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    return { conversationIds };
  }

  covers(conversationId: ConversationId): boolean {
    return this.#open > 0 && this.#counts.has(conversationId);
  }

  /** False when that is more than may wait. */
  keep(frame: LiveFrame, bytes: number): boolean {
    this.#held.push({ ...frame, bytes });
    this.#bytes += bytes;
    return this.#bytes <= this.#bytesMax;
  }

  /** What is to be written now, in order: above the head that history reached, everything where it reached none. */
  end(hold: Hold, heads: ReadonlyMap<ConversationId, Position>): readonly LiveFrame[] {
    this.#open--;
    for (const id of hold.conversationIds) this.#release(id);
    const { free = [], held = [] } = Object.groupBy(this.#held, (frame) =>
      this.#counts.has(frame.conversationId) ? 'held' : 'free',
    );
    this.#held = held;
    this.#bytes = held.reduce((sum, frame) => sum + frame.bytes, 0);
    return free.filter(({ conversationId, position }) => position > (heads.get(conversationId) ?? -1));
  }

  #release(id: ConversationId): void {
    const left = (this.#counts.get(id) ?? 0) - 1;
    if (left > 0) this.#counts.set(id, left);
    else this.#counts.delete(id);
  }
}
