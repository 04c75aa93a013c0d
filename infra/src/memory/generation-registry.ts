// Which generations there are, for processes that end with their memory.
import type { GenerationRegistry, ProjectionGenerations } from '@parley/projections';

export function createGenerationRegistry(): GenerationRegistry {
  const records = new Map<string, ProjectionGenerations>();
  return {
    load: async (projection) => records.get(projection),
    async change(projection, change) {
      const next = change(records.get(projection));
      records.set(projection, next);
      return next;
    },
  };
}
