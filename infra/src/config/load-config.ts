// From the texts of the environment to the typed configuration, once, whole: either all of it is right, or the error names
// every key that is not.
import { LIMITS } from '@parley/protocol';
import type { TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { CONFIG_KEYS, type Config, type ConfigKey } from './config-schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Says all that is wrong, one line per key. Never repeats a value: it may be a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      ['The configuration is wrong (docs/configuration.md):', ...problems.map((problem) => `  ${problem}`)].join('\n'),
    );
    this.problems = problems;
  }
}

/** An empty value is as good as none. Throws ConfigError. */
export function loadConfig(environment: Environment): Config {
  const problems = unknownKeys(environment);
  const settings: Record<string, unknown> = {};
  const limits: Record<string, unknown> = {};
  for (const row of CONFIG_KEYS) {
    const value = read(row, environment[row.key]);
    if (value === undefined) continue;
    const problem = Check(row.schema, value) ? undefined : `${row.key}: ${expectation(row.schema, value)}`;
    if (problem !== undefined) problems.push(problem);
    else (row.isLimit ? limits : settings)[row.property] = value;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  // Each value has just been checked against the schema the type is made of.
  const config = { ...settings, limits: Object.freeze({ ...LIMITS, ...limits }) } as Config;
  Object.freeze(config.origins);
  return Object.freeze(config);
}

/** Tests and tools have variables of their own; PARLEY_NATS_CLI names the program for the one suite that needs it. */
const NOT_OURS = /^PARLEY_(TEST_.*|NATS_CLI)$/;

/** A misspelt key would be a setting that silently does nothing. */
function unknownKeys(environment: Environment): string[] {
  const known = new Set(CONFIG_KEYS.map(({ key }) => key));
  return Object.keys(environment)
    .filter((key) => key.startsWith('PARLEY_') && !known.has(key) && !NOT_OURS.test(key))
    .map((key) => `${key}: there is no such key`);
}

function read({ schema }: ConfigKey, text: string | undefined): unknown {
  const form = formOf(schema);
  if (text === undefined || text.trim() === '') return form.default;
  const value = text.trim();
  switch (form.type) {
    case 'integer':
      return /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value;
    case 'boolean':
      return SWITCH.get(value) ?? value;
    case 'array':
      return value.split(',').map((item) => item.trim());
    default:
      return value;
  }
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['off', false],
]);

function expectation(schema: TSchema, value: unknown): string {
  const { type, minimum, maximum, enum: names } = formOf(schema);
  if (type === 'integer') return `must be a whole number from ${minimum} to ${maximum}`;
  if (type === 'boolean') return 'must be on or off';
  if (type === 'array') return 'must be origins like https://chat.example, separated by commas';
  if (names !== undefined) return `must be one of ${names.join(', ')}`;
  return Errors(schema, value)[0]?.message ?? 'is wrong';
}

/** What of a JSON schema the reader and the table look at. */
export interface Form {
  readonly type?: string;
  readonly default?: string | number | boolean | readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly enum?: readonly string[];
  readonly description?: string;
}

/** TypeBox's types hide the JSON schema that its values are. */
export const formOf = (schema: TSchema): Form => schema;
