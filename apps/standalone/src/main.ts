// `npm start`: reads the environment, starts everything, and ends it when asked to.
import process from 'node:process';
import { loadConfig } from '@parley/infra/config';
import { runProcess } from '@parley/infra/process';
import { observe } from './observe.ts';
import { startStandalone } from './standalone.ts';
import { welcome } from './welcome.ts';

await runProcess({
  name: 'standalone',
  load: () => loadConfig('standalone', process.env),
  observe,
  async start(config, observed, world) {
    const { gateway, ...running } = await startStandalone(config, observed, world);
    return {
      ...running,
      notReady: () => gateway.notReady(),
      welcome: welcome({ ...gateway, dataDir: config.dataDir }),
    };
  },
});
