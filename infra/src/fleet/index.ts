// What the processes of a fleet share, opened by their configuration.
export {
  openLog,
  openReadSide,
  openRegistry,
  openStores,
  type Fleet,
  type FleetLog,
  type FleetStores,
} from './fleet.ts';
export { setUpFleet } from './set-up.ts';
