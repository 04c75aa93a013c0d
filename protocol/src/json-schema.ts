// TypeBox schemas as plain JSON Schema 2020-12 for the generated documents: every schema with a `title` becomes a component
// and is referred to, so that a reader and a generator see one `ConversationId` and not forty patterns.
import type { TSchema } from 'typebox';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Collects the components that the schemas handed to it refer to. */
export interface Components {
  /** The schema itself, or a reference when it has a title. */
  refer(schema: TSchema): JsonObject;
  /** All that was referred to so far, by title, in alphabetical order. */
  schemas(): JsonObject;
}

/** Throws when two different schemas have the same title. */
export function createComponents(): Components {
  const found = new Map<string, JsonObject>();

  function refer(node: JsonObject): JsonObject {
    const title = node['title'];
    if (typeof title !== 'string') return mapValues(node, walk);
    const schema = mapValues(node, walk);
    const known = found.get(title);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`two schemas are called ${title}`);
    }
    found.set(title, schema);
    return { $ref: `#/components/schemas/${title}` };
  }

  function walk(node: Json): Json {
    if (Array.isArray(node)) return node.map(walk);
    return isJsonObject(node) ? refer(node) : node;
  }

  return {
    refer: (schema) => refer(plain(schema)),
    schemas: () => Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Without TypeBox's own marks, which are not enumerable. */
const plain = (schema: TSchema): JsonObject => JSON.parse(JSON.stringify(schema)) as JsonObject;

const isJsonObject = (node: Json): node is JsonObject =>
  typeof node === 'object' && node !== null && !Array.isArray(node);

const mapValues = (node: JsonObject, change: (value: Json) => Json): JsonObject =>
  Object.fromEntries(Object.entries(node).map(([key, value]) => [key, change(value)]));
