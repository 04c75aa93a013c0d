import { expect, test } from 'vitest';
import { batchesOf } from './batches.ts';

const statement = (partition: string, bytes = 10) => ({
  cql: 'INSERT',
  cells: ['x'.repeat(bytes)],
  partition,
  key: [partition],
});
/** Its nodes are named by the first letter. */
const nodesOf = ({ partition }: Parameters<typeof batchesOf>[0][number]): string => partition.slice(0, 1);
const batches = (...statements: Parameters<typeof batchesOf>[0]) => batchesOf(statements, nodesOf);
const sizesOf = (...statements: Parameters<typeof batchesOf>[0]) => batches(...statements).map(({ length }) => length);

test('a batch is of one partition', () => {
  expect(sizesOf(statement('a'), statement('b'), statement('a'), statement('c'))).toStrictEqual([2, 1, 1]);
});

test('statements that are alone in their partitions go together when they go to the same nodes', () => {
  expect(sizesOf(statement('a1'), statement('b1'), statement('a2'), statement('a2'), statement('a3'))).toStrictEqual([
    2, 2, 1,
  ]);
});

test('a batch keeps to its number of statements', () => {
  expect(sizesOf(...Array.from({ length: 120 }, () => statement('a')))).toStrictEqual([50, 50, 20]);
});

test('a batch keeps to its bytes, and what is larger goes alone', () => {
  const kib = 1_024;
  const sizes = [60 * kib, 60 * kib, 60 * kib, 400 * kib, 1];
  expect(sizesOf(...sizes.map((bytes) => statement('a', bytes)))).toStrictEqual([2, 1, 1, 1]);
});

test('no statements are no batch', () => {
  expect(sizesOf()).toStrictEqual([]);
});
