// How a TypeBox schema becomes the static type that other packages see: deeply read-only, ids branded. Types only.
import type { Static, TSchema } from 'typebox';

/** The value a schema describes, read-only all the way down. */
export type Wire<Schema extends TSchema> = Immutable<Static<Schema>>;

type Primitive = string | number | boolean | null | undefined;

type Immutable<Value> = Value extends Primitive
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly Immutable<Item>[]
    : { readonly [Key in keyof Value]: Immutable<Value[Key]> };
