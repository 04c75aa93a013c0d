// A gateway of a fleet: WebSocket and REST in front of the log and the read models, which it shares with the other roles.
import process from 'node:process';
import { loadConfig } from '@parley/infra/config';
import { openLog, openReadSide, openRedis } from '@parley/infra/fleet';
import { natsGatewayBus } from '@parley/infra/nats';
import { observeProcess, runProcess } from '@parley/infra/process';
import { digest } from '@parley/infra/runtime';
import { checkClock } from './clock-check.ts';
import { createGateway } from './gateway.ts';
import { gatewaySettings } from './settings.ts';

await runProcess({
  name: 'gateway',
  load: () => loadConfig('fleet', process.env),
  observe: observeProcess,
  async start(config, observed, world) {
    await using starting = new AsyncDisposableStack();
    const fleet = { config, observed, world, parts: starting };
    const fleetLog = await openLog(fleet, 'gateway');
    const { connection, log, logEpoch, notReady } = fleetLog;
    const { sessions, rates, recentHeads } = await openRedis(fleet, fleetLog);
    const readSide = await openReadSide(fleet, fleetLog, { recentHeads });
    const { logger } = observed;
    const clock = starting.use(await checkClock({ skewMs: () => log.clockSkewMs(), world, logger }));
    const gateway = starting.use(
      await createGateway({
        ...readSide,
        log,
        sessions,
        rates,
        bus: natsGatewayBus(connection),
        world,
        digest,
        logger,
        observer: observed.gateway(),
        trace: observed.trace,
        readiness: [clock.notReady, notReady],
        config: await gatewaySettings(config, { logEpoch, devTokens: false }),
      }),
    );
    logger.info({ url: gateway.url }, 'the gateway listens');
    const running = starting.move();
    return {
      notReady: () => gateway.notReady(),
      async [Symbol.asyncDispose]() {
        await gateway.drain();
        await running.disposeAsync();
      },
    };
  },
});
