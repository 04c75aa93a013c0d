// The gateway: its core behind a port, by uWebSockets.js.
import type { GatewayId } from '@parley/domain';
import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { createTokenVerifier } from './auth/tokens.ts';
import { createGatewayCore } from './core.ts';
import type { GatewayDependencies } from './dependencies.ts';
import { serveHttp } from './http.ts';
import { serveSockets } from './socket.ts';
import { uWS } from './uws.ts';

/** Disposing drains, then lets go of the port. */
export interface Gateway extends AsyncDisposable {
  readonly gatewayId: GatewayId;
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
  /** Why it takes no work now; none: it does. */
  notReady(): readonly string[];
  /** Sends everybody away; resolves within `drainMs`. It still answers HTTP, so that supervisors see it go. */
  drain(): Promise<void>;
}

/** Listens when it resolves; takes sockets once `notReady()` is empty. */
export async function createGateway(dependencies: GatewayDependencies): Promise<Gateway> {
  const { config, world, logger } = dependencies;
  await using parts = new AsyncDisposableStack();
  const { tokenBytesMax } = config.limits;
  const tokens = parts.use(await createTokenVerifier({ jwt: config.jwt, tokenBytesMax, world, logger }));
  const core = parts.use(await createGatewayCore({ ...dependencies, tokens }));
  const app = parts.adopt(uWS.App(), (opened) => void opened.close());
  serveSockets(app, core);
  serveHttp(app, core.http, logger);
  const port = await listen(app, config);
  const { gatewayId } = core;
  const running = parts.move();
  return {
    gatewayId,
    port,
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    notReady: () => core.notReady(),
    drain: () => core.drain(),
    async [Symbol.asyncDispose]() {
      await core.drain();
      await running.disposeAsync();
    },
  };
}

/** The library takes options between port and callback also when there is a host; its types do not say so. */
type ExclusiveApp = TemplatedApp & {
  listen(host: string, port: number, options: number, on: (token: us_listen_socket | false) => void): TemplatedApp;
};

/** LIBUS_LISTEN_EXCLUSIVE_PORT, which the types put where the library has nothing. */
const exclusivePort = 1;

function listen(app: TemplatedApp, { host, port }: GatewayDependencies['config']): Promise<number> {
  return new Promise((resolve, reject) => {
    // Without it a second process would share the port (SO_REUSEPORT) and take half of our clients.
    (app as ExclusiveApp).listen(host, port, exclusivePort, (token) => {
      if (token) resolve(uWS.us_socket_local_port(token));
      else
        reject(
          new Error(
            `cannot listen on ${host}:${port}: the port is taken, or this machine has no such address; ` +
              'set PARLEY_PORT to another (0: any free one), or PARLEY_HOST',
          ),
        );
    });
  });
}
