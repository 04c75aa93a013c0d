import { describeRecentHeads } from '@parley/projections/contracts';
import { createRecentHeads } from './recent-heads.ts';

describeRecentHeads('those in memory', async () => {
  const heads = createRecentHeads();
  return { heads, others: heads, [Symbol.asyncDispose]: async () => undefined };
});
