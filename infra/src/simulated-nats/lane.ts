// One direction of a connection: what is sent arrives later and in order, or the connection ends. As with TCP, nothing is
// lost or overtakes anything while it lasts.
import type { World } from '@parley/domain';

interface Parcel {
  readonly arrive: () => void;
  timer: Disposable;
}

export class Lane {
  readonly #world: Pick<World, 'now' | 'schedule'>;
  readonly #delayMs: () => number;
  /** In order. */
  readonly #underWay = new Set<Parcel>();
  #lastTs = 0;

  constructor(world: Pick<World, 'now' | 'schedule'>, delayMs: () => number) {
    this.#world = world;
    this.#delayMs = delayMs;
  }

  send(arrive: () => void): void {
    this.#lastTs = Math.max(this.#lastTs, this.#world.now() + this.#delayMs());
    this.#underWay.add(this.#parcel(arrive, this.#lastTs));
  }

  /** The far end is frozen: nothing arrives before then. */
  stall(durationMs: number): void {
    this.#lastTs = Math.max(this.#lastTs, this.#world.now() + durationMs);
    for (const parcel of this.#underWay) {
      parcel.timer[Symbol.dispose]();
      parcel.timer = this.#timer(parcel, this.#lastTs);
    }
  }

  /** The connection ends: what is under way is lost, or arrives when a frozen far end gets to it. */
  cut(lateByMs?: number): void {
    if (lateByMs !== undefined) this.stall(lateByMs);
    else for (const { timer } of this.#underWay) timer[Symbol.dispose]();
    this.#underWay.clear();
    this.#lastTs = 0;
  }

  #parcel(arrive: () => void, atTs: number): Parcel {
    const parcel: Parcel = { arrive, timer: { [Symbol.dispose]: () => undefined } };
    parcel.timer = this.#timer(parcel, atTs);
    return parcel;
  }

  #timer(parcel: Parcel, atTs: number): Disposable {
    return this.#world.schedule(Math.max(0, atTs - this.#world.now()), () => {
      this.#underWay.delete(parcel);
      parcel.arrive();
    });
  }
}
