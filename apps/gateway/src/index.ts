// The edge: WebSocket and REST in front of the log and the read models.
export { checkClock } from './clock-check.ts';
export type { JwtConfig } from './auth/jwt-config.ts';
export type {
  GatewayConfig,
  GatewayDependencies,
  GatewayLogger,
  GatewayObserver,
  ReadinessProbe,
  ResyncReason,
  StaticPage,
} from './dependencies.ts';
export { createGateway, type Gateway } from './gateway.ts';
export { gatewaySettings, type GatewaySettings } from './settings.ts';
