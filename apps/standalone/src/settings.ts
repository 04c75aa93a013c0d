// What is set where nobody set it: on one machine, for its people.
import { gatewaySettings, type GatewayConfig } from '@parley/gateway';
import { keptSecret, type StandaloneConfig } from '@parley/infra/config';

/** Of a deployment that is new. */
export const shardsWhenNew = 16;

/** Who names no issuer of tokens gets a secret of this data directory's own, and tokens for everyone on this machine. */
export async function standaloneGateway(config: StandaloneConfig, logEpoch: number): Promise<GatewayConfig> {
  const isIssuerNamed = (config.jwtSecret ?? config.jwtPublicKey ?? config.jwksUrl) !== undefined;
  const issued = isIssuerNamed ? config : { ...config, jwtSecret: await keptSecret(config.dataDir) };
  return gatewaySettings(issued, { logEpoch, devTokens: true });
}
