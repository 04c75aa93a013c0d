// One process of the system: its world, with a clock that is a little off, its connection to NATS, its calls to the stores.
// Killed, it is abandoned: no timer, message or answer reaches it any more; what it had sent arrives.
import type { World } from '@parley/domain';
import { Lane, SimulatedConnection } from '@parley/infra/simulated-nats';
import { Chance } from './chance.ts';
import type { Cluster, Service } from './cluster.ts';
import { createWorld } from './world.ts';

export class Node {
  readonly name: string;
  readonly world: World;
  readonly connection: SimulatedConnection;
  isAlive = true;
  readonly #cluster: Cluster;
  readonly #chance: Chance;
  /** Redis answers in order; stores do not. */
  readonly #redis: readonly [Lane, Lane];

  constructor(cluster: Cluster, name: string) {
    const { time, seed, nats } = cluster;
    this.name = name;
    this.#cluster = cluster;
    this.#chance = new Chance(seed, name);
    const offsetMs = this.#chance.between(-clockOffsetMsMax, clockOffsetMsMax);
    this.world = createWorld({ time, chance: this.#chance, offsetMs, isAlive: () => this.isAlive });
    this.connection = SimulatedConnection.open({ server: nats, name });
    const delayMs = (): number => this.#chance.between(0.2, 2);
    this.#redis = [new Lane(time, delayMs), new Lane(time, delayMs)];
  }

  kill(): void {
    this.isAlive = false;
    this.connection.abandon();
  }

  /** A port of a service that is elsewhere: every method becomes a call. */
  remote<Port extends object>(service: Service, port: () => Port): Port {
    return new Proxy(port(), {
      get: (_, name) => {
        const found: unknown = Reflect.get(port(), name);
        if (typeof found !== 'function') return found;
        // Asked again when the call arrives: what is there then may be another one.
        const run = async (given: readonly unknown[]): Promise<unknown> =>
          Reflect.apply(Reflect.get(port(), name) as typeof found, port(), given) as unknown;
        return (...given: readonly unknown[]) => this.call(service, () => run(given));
      },
    });
  }

  /** What was asked may have been done although no answer comes: then it is unavailable, after a while. */
  call<Result>(service: Service, run: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const hear = (settle: () => void) => (): void => {
        if (this.isAlive) settle();
      };
      const giveUp = (): Disposable =>
        this.#cluster.time.schedule(
          service.timeoutMs,
          hear(() => reject(service.unavailable())),
        );
      const answer = (settle: () => void): unknown =>
        service.isAway() ? giveUp() : this.#send(service, 1, hear(settle));
      const arrive = (): unknown =>
        service.isAway()
          ? giveUp()
          : run().then(
              (result) => answer(() => resolve(result)),
              (error: unknown) => answer(() => reject(new Error('a call failed where it arrived', { cause: error }))),
            );
      if (this.isAlive) this.#send(service, 0, arrive);
    });
  }

  #send(service: Service, direction: 0 | 1, arrive: () => unknown): void {
    if (service.isInOrder) this.#redis[direction].send(arrive);
    else this.#cluster.time.schedule(this.#chance.between(0.3, 6), arrive);
  }
}

/** Gateways further off than 5 s are not ready; NATS's own clock is that of the simulation. */
const clockOffsetMsMax = 4_500;
