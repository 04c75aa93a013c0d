// `parley setup`: creates the streams of a fleet, once, with the operator's credentials.
import process from 'node:process';
import { ConfigError, loadConfig, type Environment } from '@parley/infra/config';
import { setUpFleet } from '@parley/infra/fleet';

/** Resolves with the exit code: 0; 1 it failed; 2 the configuration is wrong. */
export async function setup(environment: Environment): Promise<number> {
  try {
    const { shards, logEpoch } = await setUpFleet(loadConfig('fleet', environment));
    process.stdout.write(`the deployment is there: ${shards} shards, log epoch ${logEpoch}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof ConfigError ? 2 : 1;
  }
}
