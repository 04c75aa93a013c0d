// The configuration of a process: one schema, read once.
export { CONFIG_KEYS, type Config, type FleetConfig, type StandaloneConfig } from './config-schema.ts';
export { configurationPage, configurationPagePath } from './configuration-page.ts';
export { keptSecret } from './kept-secret.ts';
export { ConfigError, loadConfig, type Environment } from './load-config.ts';
