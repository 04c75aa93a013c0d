// Every way in which we spoil a good history on purpose, to see that the checker notices, and that the right check does.
import { seeded } from '../eventually.ts';
import type { History } from './history.ts';
import { alterations, regressions } from './mutations/alter.ts';
import { drops } from './mutations/drop.ts';
import { Past, type Mutation } from './mutations/editing.ts';
import { leaks } from './mutations/leak.ts';
import { mismanagement } from './mutations/manage.ts';
import { swaps } from './mutations/swap.ts';

export const mutations: readonly Mutation[] = [
  ...drops,
  ...swaps,
  ...leaks,
  ...mismanagement,
  ...alterations,
  ...regressions,
];

/** Undefined when the history has no place where it would make a difference. */
export const mutate = (
  history: History,
  { mutation, seed }: { mutation: Mutation; seed: number },
): History | undefined => mutation.mutate(new Past(history, seeded(seed)));
