// A partition's key as the bytes that its place in the ring is computed from (CQL binary protocol v4, 6.23 for keys of several
// columns). Only of the types that our keys have: text, int, bigint.
import { types } from 'cassandra-driver';
import type { Cell } from './cells.ts';

const intBytes = 4;
const lengthBytes = 2;

export function routingKey(key: readonly Cell[]): Buffer {
  const [only, ...others] = key.map(cellBytes);
  if (only !== undefined && others.length === 0) return only;
  return Buffer.concat(key.map(cellBytes).flatMap((bytes) => [lengthOf(bytes), bytes, Buffer.of(0)]));
}

function cellBytes(cell: Cell): Buffer {
  if (typeof cell === 'string') return Buffer.from(cell);
  if (cell instanceof types.Long) return Buffer.from(cell.toBytesBE());
  if (typeof cell !== 'number') throw new TypeError(`a key cannot hold ${String(cell)}`);
  const bytes = Buffer.alloc(intBytes);
  bytes.writeInt32BE(cell);
  return bytes;
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt16BE(bytes.length);
  return length;
}
