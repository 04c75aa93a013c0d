// What a client has of each conversation: up to where, what it is being given, and what it has to ask for again.
import type { HistoryRecorder } from '@parley/proof';
import type { Frame } from './line.ts';
import { shownInFrame } from './shown.ts';

export interface ReadingOptions {
  readonly newRef: HistoryRecorder['newRef'];
  /** Takes down what happened on the present connection. */
  readonly record: (happening: object) => void;
  readonly tell: (what: string) => void;
  readonly send: (frame: object) => void;
  /** By REST, where a resume is refused because there is too much. */
  readonly readNewest: (conversation: string) => void;
}

export class Reading {
  readonly #options: ReadingOptions;
  readonly #cursors = new Map<string, number>();
  /** Without an answer yet, by ref. */
  readonly #resumes = new Map<string, readonly string[]>();
  readonly #again = new Set<string>();

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  /** Nothing is under way. */
  get isQuiet(): boolean {
    return this.#resumes.size + this.#again.size === 0;
  }

  /** On a new connection; of none, too: `others` tells what was opened meanwhile. */
  resumeAll(): void {
    this.#again.clear();
    this.#resume([...this.#cursors.keys()]);
  }

  resumeAgain(): void {
    if (this.#again.size > 0) this.#resume([...this.#again]);
    this.#again.clear();
  }

  /** Nothing of what was asked comes any more. */
  disconnected(): void {
    this.#resumes.clear();
  }

  /** A resume was refused as a whole. */
  refused(ref: string): void {
    for (const id of this.#resumes.get(ref) ?? []) this.#again.add(id);
    this.#resumes.delete(ref);
  }

  live(frame: Frame): void {
    const { record, tell } = this.#options;
    const shown = shownInFrame(frame);
    const id = String(frame['conversation_id']);
    record({ kind: 'received', via: 'live', conversation: id, ...shown });
    tell(`is shown ${shown.position} of ${id} (after ${shown.prev})`);
    const cursor = this.#cursors.get(id) ?? 0;
    if (shown.position <= cursor) return;
    if ((shown.prev ?? 0) > cursor) {
      this.#cursors.set(id, cursor);
      // One that is under way will bring it: this frame was sent before the gateway came to it.
      const isUnderWay = [...this.#resumes.values()].some((ids) => ids.includes(id));
      return isUnderWay ? undefined : this.#resume([id]);
    }
    this.#cursors.set(id, shown.position);
  }

  history(frame: Frame): void {
    const { record, tell } = this.#options;
    const conversation = String(frame['conversation_id']);
    const entries = [...(frame['messages'] as Frame[]), ...(frame['conversations'] as Frame[])].map(shownInFrame);
    const ref = String(frame['ref']);
    for (const shown of entries.toSorted((a, b) => a.position - b.position)) {
      record({ kind: 'received', via: 'resume', ref, conversation, ...shown });
    }
    const positions = entries.map(({ position }) => position).join(' ');
    tell(`is given ${positions} of ${conversation}`);
  }

  resumed(frame: Frame): void {
    const { record, tell } = this.#options;
    const heads = toNumbers(frame['heads']);
    const ref = String(frame['ref']);
    this.#resumes.delete(ref);
    record({ kind: 'resumed', ref, heads });
    tell(`has resumed up to ${JSON.stringify(heads)}`);
    for (const [id, head] of Object.entries(heads)) this.#cursors.set(id, Math.max(this.#cursors.get(id) ?? 0, head));
    const others = Object.keys(toNumbers(frame['others'])).filter((id) => !this.#cursors.has(id));
    for (const id of others) this.#cursors.set(id, 0);
    if (others.length > 0) this.#resume(others);
  }

  failed(frame: Frame): void {
    const { record, tell, readNewest } = this.#options;
    const conversation = String(frame['conversation_id']);
    const reason = String(frame['reason']);
    const head = frame['head'] === undefined ? {} : { head: Number(frame['head']) };
    record({ kind: 'resume-failed', ref: String(frame['ref']), conversation, reason, ...head });
    tell(`cannot resume ${conversation}: ${reason}`);
    if (reason === 'unavailable') this.#again.add(conversation);
    else if (head.head === undefined) this.#cursors.delete(conversation);
    else {
      this.#cursors.set(conversation, head.head);
      readNewest(conversation);
    }
  }

  #resume(ids: readonly string[]): void {
    const { newRef, record, send } = this.#options;
    const ref = newRef();
    const cursors = Object.fromEntries(ids.map((id) => [id, this.#cursors.get(id) ?? 0]));
    this.#resumes.set(ref, ids);
    record({ kind: 'resume-asked', ref, cursors });
    const lastSeen = Object.fromEntries(Object.entries(cursors).map(([id, cursor]) => [id, String(cursor)]));
    send({ type: 'resume', ref, last_seen: lastSeen });
  }
}

const toNumbers = (positions: unknown): Record<string, number> =>
  Object.fromEntries(Object.entries(positions as Record<string, string>).map(([id, at]) => [id, Number(at)]));
