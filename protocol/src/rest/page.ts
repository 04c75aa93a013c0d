// What all pages have in common.
import Type from 'typebox';
import { TimestampSchema } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** Longer than any cursor we make. */
const cursorCharsMax = 512;

/** Without it a page has `LIMITS.pageEntriesDefault` entries. */
export const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: LIMITS.pageEntriesMax, default: LIMITS.pageEntriesDefault }),
);

export const cursorQuery = Type.Object({
  limit,
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: cursorCharsMax, description: '`next_cursor` of the page before.' }),
  ),
});

export const nextCursor = {
  next_cursor: Type.Optional(Type.String({ description: 'Opaque. Absent on the last page.' })),
};

export const staleness = {
  stale: Type.Optional(
    Type.Literal(true, {
      description:
        'Too few copies of the store answered for a sure page: this is what one of them knows. `as_of_ts` is when the newest event known here was stored: later ones may be missing, and earlier ones that this copy missed.',
    }),
  ),
  as_of_ts: Type.Optional(TimestampSchema),
};
