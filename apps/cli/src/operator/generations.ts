// `parley generations`, `switch`, `drop-generation`: what is stored of each read model, and which of it answers.
import {
  generationOf,
  GENERATIONS,
  without,
  withServing,
  type Generation,
  type ProjectionGenerations,
} from '@parley/projections';
import type { OperatorCommand } from './operate.ts';
import { WrongUsage } from './operate.ts';
import { EXIT } from './exit.ts';
import { generationsOf, registeredReadModels, withReadModel } from './read-models.ts';

/** Whoever reads a generation looks at the registry each second, and ends what it is answering. */
const leaveMs = GENERATIONS.pollMs * 5;

export const listGenerations: OperatorCommand<object> = async ({ system, output }) => {
  const names = await registeredReadModels(system);
  const lists = await Promise.all(
    names.map(async (projection) => ({ projection, ...(await generationsOf(system, projection)) })),
  );
  output.table(
    ['projection', 'generation', 'version', 'state', 'since'],
    lists.flatMap((list) => list.generations.map((one) => [list.projection, ...generationCells(list, one)])),
  );
  output.json(lists);
  return EXIT.done;
};

const generationCells = (record: ProjectionGenerations, one: Generation): readonly (string | number)[] => [
  one.number,
  one.version,
  one.number === record.serving ? 'serving' : one.state,
  new Date(one.createdTs).toISOString(),
];

export const switchGeneration: OperatorCommand<object> = async ({ system, output }, projection = '', asked = '') => {
  const before = (await generationsOf(system, projection)).serving;
  const number = generationNumber(asked);
  const { serving } = await system.registry.change(projection, (record) =>
    withServing(record ?? nothingRegistered(projection), number),
  );
  output.line(`generation ${serving} of ${projection} serves; ${before} is kept up to date until it is dropped`);
  output.json({ projection, before, serving });
  return EXIT.done;
};

export const dropGeneration: OperatorCommand<object> = async ({ system, output }, projection = '', asked = '') => {
  const number = generationNumber(asked);
  generationOf(await generationsOf(system, projection), number);
  await system.registry.change(projection, (record) => without(record ?? nothingRegistered(projection), number));
  output.note(`workers and readers leave generation ${number}…`);
  await system.world.sleep(leaveMs);
  const stores = await system.stores();
  await withReadModel(projection, async (model) => (await model.open(stores, number)).drop());
  output.line(`generation ${number} of ${projection} is deleted`);
  output.json({ projection, dropped: number });
  return EXIT.done;
};

export function generationNumber(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new WrongUsage(`"${text}" is no number of a generation; \`parley generations\` lists them`);
}

function nothingRegistered(projection: string): never {
  throw new WrongUsage(`no generation of ${projection} is registered`);
}
