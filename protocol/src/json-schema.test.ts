import Type from 'typebox';
import { expect, test } from 'vitest';
import { createComponents } from './json-schema.ts';

const Id = Type.String({ title: 'Id', pattern: '^[a-z]+$' });

test('a schema with a title is defined once and referred to, optional or not', () => {
  const components = createComponents();
  const schema = components.refer(Type.Object({ id: Id, other: Type.Optional(Id), all: Type.Array(Id) }));
  const ref = { $ref: '#/components/schemas/Id' };
  expect(schema).toEqual({
    type: 'object',
    required: ['id', 'all'],
    properties: { id: ref, other: ref, all: { type: 'array', items: ref } },
  });
  expect(components.schemas()).toEqual({ Id: { title: 'Id', type: 'string', pattern: '^[a-z]+$' } });
});

test('a property called title is no title', () => {
  const components = createComponents();
  const schema = components.refer(Type.Object({ title: Type.String() }));
  expect(schema).toEqual({ type: 'object', required: ['title'], properties: { title: { type: 'string' } } });
});

test('refuses two schemas of one title', () => {
  const components = createComponents();
  components.refer(Id);
  expect(() => components.refer(Type.Integer({ title: 'Id' }))).toThrow('two schemas are called Id');
});
