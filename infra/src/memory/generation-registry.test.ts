// The registry of generations in memory.
import { describeGenerationRegistry } from '@parley/projections/contracts';
import { createGenerationRegistry } from './generation-registry.ts';

describeGenerationRegistry(async () => {
  const registry = createGenerationRegistry();
  return [registry, registry];
});
