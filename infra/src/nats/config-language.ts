// nats-server's configuration language as far as we write it: JSON's values, and variables that the server looks up in its
// environment, so that a file on disk holds no secret.

/** Its value is read like one in the file: a password that starts with a digit has to be in quotes there. */
export class Variable {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type ConfigValue = string | number | boolean | Variable | readonly ConfigValue[] | ConfigBlock;

export interface ConfigBlock {
  readonly [key: string]: ConfigValue | undefined;
}

/** One line for each key; what is undefined is left out. */
export function configText(block: ConfigBlock, indent = ''): string {
  return Object.entries(block)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${indent}${key}: ${valueText(value, indent)}\n`]))
    .join('');
}

function valueText(value: ConfigValue, indent: string): string {
  if (value instanceof Variable) return `$${value.name}`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}  `;
  if (!isList(value)) return `{\n${configText(value, inner)}${indent}}`;
  return `[\n${value.map((item) => `${inner}${valueText(item, inner)}\n`).join('')}${indent}]`;
}

const isList = (value: readonly ConfigValue[] | ConfigBlock): value is readonly ConfigValue[] => Array.isArray(value);
