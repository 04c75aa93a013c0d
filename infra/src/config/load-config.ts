// From the texts of the environment to the typed configuration, once, whole: either all of it is right, or the error names
// every key that is not.
import { readFileSync } from 'node:fs';
import { LIMITS } from '@parley/protocol';
import type { TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { CONFIG_KEYS, type ConfigKey, type FleetConfig, type Scope, type StandaloneConfig } from './config-schema.ts';

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

/**
 * An empty value is as good as none. `KEY_FILE` names a file that holds the value of `KEY`, as secrets are handed to
 * containers. Throws ConfigError.
 */
export function loadConfig(scope: 'standalone', environment: Environment): StandaloneConfig;
export function loadConfig(scope: 'fleet', environment: Environment): FleetConfig;
export function loadConfig(scope: Scope, environment: Environment): StandaloneConfig | FleetConfig {
  const keys = CONFIG_KEYS.filter((row) => row.scope === 'both' || row.scope === scope);
  const problems = unknownKeys(scope, environment);
  const settings: Record<string, unknown> = {};
  const limits: Record<string, unknown> = {};
  for (const row of keys) {
    const text = textOf(row.key, environment);
    const value = text instanceof ConfigError ? undefined : read(row, text);
    if (text instanceof ConfigError) problems.push(...text.problems);
    if (value === undefined) continue;
    const problem = Check(row.schema, value) ? undefined : `${row.key}: ${expectation(row.schema, value)}`;
    if (problem !== undefined) problems.push(problem);
    else (row.isLimit ? limits : settings)[row.property] = value;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  for (const value of Object.values(settings)) Object.freeze(value);
  // Each value has just been checked against the schema the type is made of.
  return Object.freeze({ ...settings, limits: Object.freeze({ ...LIMITS, ...limits }) }) as
    | StandaloneConfig
    | FleetConfig;
}

const fileSuffix = '_FILE';
const fileBytesMax = 1024 * 1024;

function textOf(key: string, environment: Environment): string | undefined | ConfigError {
  const [text, file] = [environment[key], environment[key + fileSuffix]].map((value) => value?.trim() || undefined);
  if (file === undefined) return text;
  if (text !== undefined) return new ConfigError([`${key} and ${key}${fileSuffix}: only one of them`]);
  try {
    const content = readFileSync(file);
    if (content.length <= fileBytesMax) return content.toString();
    return new ConfigError([`${key}${fileSuffix}: the file is larger than ${fileBytesMax} bytes`]);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return new ConfigError([`${key}${fileSuffix}: the file cannot be read (${reason})`]);
  }
}

/** Tests and tools have variables of their own; PARLEY_NATS_CLI names the program for the one suite that needs it. */
const NOT_OURS = /^PARLEY_(TEST_.*|NATS_CLI)$/;

/** A misspelt key would be a setting that silently does nothing, and so would one for the other form. */
function unknownKeys(scope: Scope, environment: Environment): string[] {
  const scopes = new Map(CONFIG_KEYS.map((row) => [row.key, row.scope]));
  return Object.keys(environment)
    .filter((key) => key.startsWith('PARLEY_') && !NOT_OURS.test(key))
    .flatMap((key) => {
      const known = scopes.get(key) ?? scopes.get(key.replace(/_FILE$/, ''));
      if (known === undefined) return [`${key}: there is no such key`];
      return known === 'both' || known === scope ? [] : [`${key}: there is no such key ${WHERE[scope]}`];
    });
}

const WHERE = { standalone: 'standalone, only in a fleet', fleet: 'in a fleet, only standalone', both: '' } as const;

function read({ schema }: ConfigKey, text: string | undefined): unknown {
  const form = formOf(schema);
  if (text === undefined || text.trim() === '') return form.default;
  const value = text.trim();
  switch (form.type) {
    case 'integer':
      return /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value;
    case 'number':
      return /^[0-9]{1,15}([.][0-9]{1,15})?$/.test(value) ? Number(value) : value;
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
  const isInRange = typeof value === 'number' && value >= (minimum ?? value) && value <= (maximum ?? value);
  if (type === 'integer' && !isInRange) return `must be a whole number from ${minimum} to ${maximum}`;
  if (type === 'number' && !isInRange) return `must be a number from ${minimum} to ${maximum}`;
  if (type === 'boolean') return 'must be on or off';
  if (type === 'array') return listExpectation(schema);
  if (names !== undefined) return `must be one of ${names.join(', ')}`;
  return Errors(schema, value)[0]?.message ?? 'is wrong';
}

/** What each list looks like, said by its default or its description. */
function listExpectation(schema: TSchema): string {
  const { default: preset, items } = formOf(schema);
  if (items?.enum) return `must be some of ${items.enum.join(', ')}, separated by commas`;
  const [example] = typeof preset === 'object' ? preset : [];
  return `must be ${example ?? 'https://chat.example'} or the like, several separated by commas`;
}

/** What of a JSON schema the reader and the table look at. */
export interface Form {
  readonly type?: string;
  readonly default?: string | number | boolean | readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly enum?: readonly string[];
  /** Of a list: what each of its values is. */
  readonly items?: Form;
  readonly description?: string;
}

/** TypeBox's types hide the JSON schema that its values are. */
export const formOf = (schema: TSchema): Form => schema;
