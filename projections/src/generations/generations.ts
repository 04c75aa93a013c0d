// Generations of a read model: which are stored, which of them workers keep up to date, and which one answers. Pure changes of the
// one record of a projection; where it is kept is a port (docs/adr/0012-generations.md).
import type { TimestampMs } from '@parley/domain';

/** What a projection is known by here. */
export interface ProjectionIdentity {
  readonly name: string;
  readonly version: number;
}

export interface Generation {
  readonly number: number;
  /** Of the projection that it was folded with: other builds cannot read it. */
  readonly version: number;
  /**
   * `building`: by whoever rebuilds, workers leave it alone. `joining`: workers fold it, whoever rebuilds waits for them.
   * `following`: workers keep it up to date.
   */
  readonly state: 'building' | 'joining' | 'following';
  readonly createdTs: TimestampMs;
}

/** Of one projection, in one epoch of the log. */
export interface ProjectionGenerations {
  /** The one that answers. */
  readonly serving: number;
  /** The highest number there ever was: none is used twice. */
  readonly last: number;
  readonly generations: readonly Generation[];
}

/** Where the records are kept. Rejects for failures of the world. */
export interface GenerationRegistry {
  /** Undefined before anybody registered one: then the first one serves. */
  load(projection: string): Promise<ProjectionGenerations | undefined>;
  /**
   * Stores what `change` makes of what is stored, on the condition that it is still that; called again when somebody else was
   * faster. What it throws is thrown. Gives what is stored then.
   */
  change(
    projection: string,
    change: (before: ProjectionGenerations | undefined) => ProjectionGenerations,
  ): Promise<ProjectionGenerations>;
}

/** An operator asked for something that makes no sense with the generations there are. */
export class GenerationRefused extends Error {
  override readonly name = 'GenerationRefused';
}

const firstNumber = 1;

/** With a generation of this version, which workers fold: the first one of all serves. */
export function withVersion(
  before: ProjectionGenerations | undefined,
  version: number,
  now: TimestampMs,
): ProjectionGenerations {
  if (before?.generations.some((one) => one.version === version)) return before;
  const number = (before?.last ?? 0) + 1;
  const added: Generation = { number, version, state: 'following', createdTs: now };
  return {
    serving: before?.serving ?? number,
    last: number,
    generations: [...(before?.generations ?? []), added],
  };
}

/** With one more, to be folded by whoever rebuilds; the same when a rebuild of this version is under way already. */
export function withBuilding(before: ProjectionGenerations, version: number, now: TimestampMs): ProjectionGenerations {
  if (rebuildOf(before, version)) return before;
  const number = before.last + 1;
  const added: Generation = { number, version, state: 'building', createdTs: now };
  return { ...before, last: number, generations: [...before.generations, added] };
}

/** What a rebuild made, be it interrupted: it goes on there. */
export const rebuildOf = (record: ProjectionGenerations, version: number): Generation | undefined =>
  record.generations.find((one) => one.state !== 'following' && one.version === version);

/** `joining`: from here on workers fold it. `following`: they have caught up with the one that serves. */
export function withState(
  before: ProjectionGenerations,
  number: number,
  state: 'joining' | 'following',
): ProjectionGenerations {
  generationOf(before, number);
  const generations = before.generations.map((one) => (one.number === number ? { ...one, state } : one));
  return { ...before, generations };
}

export function withServing(before: ProjectionGenerations, number: number): ProjectionGenerations {
  if (generationOf(before, number).state !== 'following') {
    throw new GenerationRefused(`generation ${number} is still being built: \`parley rebuild\` goes on with it`);
  }
  return { ...before, serving: number };
}

export function without(before: ProjectionGenerations, number: number): ProjectionGenerations {
  generationOf(before, number);
  if (before.serving === number)
    throw new GenerationRefused(`generation ${number} serves: switch to another one first`);
  return { ...before, generations: before.generations.filter((one) => one.number !== number) };
}

export function generationOf(record: ProjectionGenerations, number: number): Generation {
  const found = record.generations.find((one) => one.number === number);
  if (found) return found;
  const known = record.generations.map((one) => one.number).join(', ');
  throw new GenerationRefused(`there is no generation ${number}, only ${known}`);
}

/** Which one a build of this version reads: the one that serves, or, where another build made that, the newest of its own. */
export function servingNumber(record: ProjectionGenerations | undefined, version: number): number {
  if (!record) return firstNumber;
  const own = record.generations.filter((one) => one.version === version && one.state === 'following');
  const serving = own.find((one) => one.number === record.serving) ?? own.at(-1);
  if (serving) return serving.number;
  throw new GenerationRefused(
    `no generation is of version ${version}, which this build reads: start its workers first`,
  );
}

/** Those that workers of this version fold. */
export const followingNumbers = (record: ProjectionGenerations | undefined, version: number): readonly number[] =>
  record
    ? record.generations.filter((one) => one.state !== 'building' && one.version === version).map((one) => one.number)
    : [firstNumber];
