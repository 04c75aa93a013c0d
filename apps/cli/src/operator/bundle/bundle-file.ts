// The file that carries one conversation elsewhere: JSON lines, first what it is, then each event as it is stored, last what its folds
// gave where it was made. The last line also proves that the file is whole.
import type { RawRecord } from '@parley/infra/nats';
import { position } from '@parley/domain';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** Of this form; one that is newer is refused. */
export const bundleVersion = 1;

const count = Type.Integer({ minimum: 0 });

const Opening = Type.Object({
  parley: Type.Literal('bundle'),
  version: Type.Literal(bundleVersion),
  conversationId: Type.String(),
  shards: count,
  logEpoch: count,
  /** Ids and texts are not the real ones. */
  isRedacted: Type.Boolean(),
  madeAt: Type.String(),
  madeBy: Type.Record(Type.String(), Type.String()),
  /** Versions of the projections it was folded with. */
  projections: Type.Record(Type.String(), count),
});

const Line = Type.Object({
  subject: Type.String(),
  position: count,
  time: Type.String(),
  headers: Type.Record(Type.String(), Type.String()),
  /** Base64. */
  body: Type.String(),
});

/** Of one projection: its hash, or where its fold could not go on. */
const Outcome = Type.Union([
  Type.Object({ type: Type.Literal('folded'), hash: Type.String() }),
  Type.Object({ type: Type.Literal('stopped'), position: count }),
]);

const Closing = Type.Object({ events: count, outcomes: Type.Record(Type.String(), Outcome) });

export type BundleOpening = Static<typeof Opening>;
export type FoldOutcome = Static<typeof Outcome>;
export type BundleClosing = Static<typeof Closing>;

const CHECKS = { opening: Compile(Opening), line: Compile(Line), closing: Compile(Closing) };

/** Not a bundle, of another version, or not whole: the message says which. */
export class BundleRefused extends Error {
  override readonly name = 'BundleRefused';
}

export const openingLine = (opening: BundleOpening): string => JSON.stringify(opening);
export const closingLine = (closing: BundleClosing): string => JSON.stringify(closing);
export const recordLine = ({ body, ...record }: RawRecord): string =>
  JSON.stringify({ ...record, body: Buffer.from(body).toString('base64') });

export function parseOpening(line: string): BundleOpening {
  const parsed = parseLine(line, 1);
  if (CHECKS.opening.Check(parsed)) return parsed;
  throw new BundleRefused(`it is no bundle of version ${bundleVersion}`);
}

export function parseNext(line: string, number: number): RawRecord | BundleClosing {
  const parsed = parseLine(line, number);
  if (CHECKS.line.Check(parsed)) {
    return { ...parsed, position: position(parsed.position), body: Buffer.from(parsed.body, 'base64') };
  }
  if (CHECKS.closing.Check(parsed)) return parsed;
  throw new BundleRefused(`line ${number} is neither an event nor the end of a bundle`);
}

export const isClosing = (next: RawRecord | BundleClosing): next is BundleClosing => 'outcomes' in next;

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new BundleRefused(`line ${number} is not JSON`, { cause });
  }
}
