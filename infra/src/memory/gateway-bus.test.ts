import { describeGatewayBus } from '@parley/domain/contracts';
import { createGatewayBus } from './gateway-bus.ts';

describeGatewayBus('memory', async () => {
  const bus = createGatewayBus();
  return { sender: bus, receiver: bus, settled: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
});
