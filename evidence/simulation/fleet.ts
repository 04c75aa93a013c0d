// The processes that run now, by their places; whoever is killed is replaced by a new one in the same place.
import type { Cluster } from './cluster.ts';
import type { Line } from './line.ts';
import { startDelivery, startGateway, startProjector, type GatewayProcess, type Process } from './roles.ts';

export type Role = 'gateway' | 'delivery' | 'projector';

const STARTERS = { gateway: startGateway, delivery: startDelivery, projector: startProjector } as const;

export class Fleet {
  readonly #cluster: Cluster;
  readonly #processes = new Map<string, Process>();
  readonly #starts = new Map<string, number>();
  readonly #lines = new Map<Process, Set<Line>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Undefined while there is none. */
  gateway(place: number): GatewayProcess | undefined {
    return this.#processes.get(`gateway-${place}`) as GatewayProcess | undefined;
  }

  at(role: Role, place: number): Process | undefined {
    return this.#processes.get(`${role}-${place}`);
  }

  get all(): readonly Process[] {
    return [...this.#processes.values()];
  }

  /** What it needs may be away: then it ends, and its supervisor starts it again. */
  start(role: Role, place: number): void {
    const at = `${role}-${place}`;
    const count = (this.#starts.get(at) ?? 0) + 1;
    this.#starts.set(at, count);
    const { story, time } = this.#cluster;
    const starting = Promise.try(() => STARTERS[role](this.#cluster, `${at}.${count}`)).then(
      (process) => {
        story.tell(process.node.name, 'starts');
        this.#processes.set(at, process);
      },
      (error: unknown) => {
        story.tell(`${at}.${count}`, `cannot start: ${String(error)}`);
        time.schedule(restartMs, () => this.start(role, place));
      },
    );
    this.#cluster.background(at, starting);
  }

  /** Silently: not even its sockets are closed, as when the machine is gone. */
  kill(role: Role, place: number, isSilent = false): void {
    const process = this.at(role, place);
    if (!process) return;
    this.#processes.delete(`${role}-${place}`);
    process.node.kill();
    this.#cluster.story.tell(process.node.name, isSilent ? 'vanishes with its machine' : 'is killed');
    for (const line of this.#lines.get(process) ?? []) line.gatewayDied(isSilent);
  }

  /** As SIGTERM does: it drains, and is gone. */
  stop(role: Role, place: number): void {
    const process = this.at(role, place);
    if (!process) return;
    this.#processes.delete(`${role}-${place}`);
    const { story } = this.#cluster;
    const { name } = process.node;
    story.tell(name, 'is told to end');
    const end = async (): Promise<void> => {
      await process[Symbol.asyncDispose]();
      story.tell(name, 'has ended');
      process.node.kill();
    };
    this.#cluster.background(name, end());
  }

  hold(process: Process, line: Line): Disposable {
    const lines = this.#lines.get(process) ?? new Set();
    this.#lines.set(process, lines.add(line));
    return { [Symbol.dispose]: () => void lines.delete(line) };
  }
}

const restartMs = 500;
