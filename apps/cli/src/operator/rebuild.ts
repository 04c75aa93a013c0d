// `parley rebuild`: a new generation of a read model, folded from the first event beside the one that serves, taken over by the
// workers, compared with the log, and then switched to. Interrupted at any point, the same command goes on where it was.
import { constants, setPriority } from 'node:os';
import process from 'node:process';
import { digest } from '@parley/infra/runtime';
import {
  foldToHead,
  rebuildOf,
  servingNumber,
  verify,
  withBuilding,
  withServing,
  withState,
  type Difference,
  type FullStore,
  type Head,
  type ParkedConversation,
  type ProjectionGenerations,
} from '@parley/projections';
import { Listr } from 'listr2';
import { handOver } from './hand-over.ts';
import type { Call, OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { progressLine } from './progress-line.ts';
import { generationsOf, withReadModel, type ReadModel } from './read-models.ts';
import type { System } from './system.ts';

interface RebuildFlags {
  /** `--no-verify`: it is not compared with the log first. */
  readonly verify: boolean;
  /** `--no-switch`: that is left for `parley switch`. */
  readonly switch: boolean;
}

/** One rebuild under way. */
interface Rebuild<H extends Head, Row> extends Call<RebuildFlags> {
  readonly model: ReadModel<H, Row>;
  /** Of the new generation. */
  readonly number: number;
  readonly store: FullStore<H, Row>;
  readonly serving: { readonly number: number; readonly store: FullStore<H, Row> };
  readonly change: (change: (before: ProjectionGenerations) => ProjectionGenerations) => Promise<ProjectionGenerations>;
  readonly found: Found;
}

/** What is wrong with the new generation: it is not switched to. */
interface Found {
  /** Its fold threw for these. */
  parked: readonly ParkedConversation[];
  readonly differences: Difference[];
}

const isWhole = ({ parked, differences }: Found): boolean => parked.length + differences.length === 0;

export const rebuild: OperatorCommand<RebuildFlags> = (call, projection = '') =>
  withReadModel(projection, async (model) => {
    const work = await begin(call, model);
    const { output, flags, number, serving, found } = work;
    const made = await steps(work);
    const { serving: servingNow } = await generationsOf(call.system, projection);
    output.json({ projection, generation: number, before: serving.number, serving: servingNow, ...made, ...found });
    output.line(`${projection}: generation ${number} holds ${made.events} events after ${made.seconds.toFixed(1)} s`);
    for (const { conversationId, position, reason } of found.parked) {
      output.line(`${conversationId} is parked at ${position}: ${reason}`);
    }
    if (found.differences.length > 0) output.line(`${found.differences.length} differences from the log`);
    if (!isWhole(found)) output.line(`not switched to: \`parley switch ${projection} ${number}\` does it all the same`);
    else if (flags.switch)
      output.line(`it serves; \`parley drop-generation ${projection} ${serving.number}\` deletes the one before`);
    else output.line(`\`parley switch ${projection} ${number}\` lets it serve`);
    return isWhole(found) ? EXIT.done : EXIT.found;
  });

/**
 * To a standalone, which serves on the same machine. Before any store is opened: on Linux a thread has the priority of the one that
 * starts it. Beside a fleet there is nobody to give way to, and whoever else works there could hold it up for ever.
 */
function giveWay({ where }: System): void {
  if (where.form === 'standalone') setPriority(constants.priority.PRIORITY_LOW);
}

async function begin<H extends Head, Row>(
  call: Call<RebuildFlags>,
  model: ReadModel<H, Row>,
): Promise<Rebuild<H, Row>> {
  giveWay(call.system);
  const { registry, world } = call.system;
  const { name, version } = model.projection;
  const first = await generationsOf(call.system, name);
  const change: Rebuild<H, Row>['change'] = (made) => registry.change(name, (before) => made(before ?? first));
  const record = await change((before) => withBuilding(before, version, world.now()));
  const number = rebuildOf(record, version)?.number ?? record.last;
  const stores = await call.system.stores();
  const servingNow = servingNumber(record, version);
  const serving = { number: servingNow, store: await model.open(stores, servingNow) };
  return {
    ...call,
    model,
    number,
    store: await model.open(stores, number),
    serving,
    change,
    found: { parked: [], differences: [] },
  };
}

/** Gives what the new generation holds when workers have taken it over, and how long that took. */
async function steps<H extends Head, Row>(work: Rebuild<H, Row>) {
  const { model, number, serving, output, flags, change, found } = work;
  const name = `generation ${number} of ${model.projection.name}`;
  const beganMs = performance.now();
  let made = { events: 0, seconds: 0 };
  const tasks = new Listr(
    [
      {
        title: `${name} is folded beside ${serving.number}`,
        task: (_, task) => fold(work, (line) => (task.output = line)),
      },
      {
        title: 'workers take it over',
        task: async (_, task) => {
          const events = await handOver(work, (line) => (task.output = line));
          made = { events, seconds: (performance.now() - beganMs) / 1_000 };
        },
      },
      {
        title: 'it is what the log says',
        enabled: flags.verify,
        task: (_, task) => compare(work, (line) => (task.output = line)),
      },
      { title: 'it is kept up to date', task: () => change((before) => withState(before, number, 'following')) },
      {
        title: 'it serves',
        skip: () => !flags.switch || !isWhole(found),
        task: () => change((before) => withServing(before, number)),
      },
    ],
    { registerSignalListeners: false, renderer: process.stderr.isTTY && !output.isJson ? 'default' : 'silent' },
  );
  await tasks.run();
  return made;
}

async function fold<H extends Head, Row>(work: Rebuild<H, Row>, show: (line: string) => void): Promise<void> {
  const { system, model, store, number, signal } = work;
  const line = progressLine();
  await foldToHead({
    log: system.log,
    world: system.world,
    projection: model.projection,
    store,
    generation: number,
    observer: observing(work),
    signal,
    onProgress: ({ folded, total }) => show(line(folded, total)),
  });
  signal.throwIfAborted();
  await work.change((before) => withState(before, number, 'joining'));
}

async function compare<H extends Head, Row>(work: Rebuild<H, Row>, show: (line: string) => void): Promise<void> {
  const { system, model, store, signal, found } = work;
  const line = progressLine();
  const verified = await verify({
    log: system.log,
    world: system.world,
    projection: model.projection,
    store,
    digest,
    signal,
    sample: 1,
    found: (difference) => void found.differences.push(difference),
    progress: (done, total) => show(line(done, total)),
  });
  signal.throwIfAborted();
  found.parked = verified.parked;
}

function observing({ found, output }: Pick<Rebuild<Head, never>, 'found' | 'output'>) {
  return {
    applied: () => undefined,
    retrying: (_reader: string, shard: number, error: unknown) =>
      output.note(`shard ${shard}, again: ${String(error)}`),
    stopped: () => undefined,
    parked: (_projection: string, one: ParkedConversation) => void (found.parked = [...found.parked, one]),
    passedOver: () => undefined,
    voided: () => undefined,
  };
}
