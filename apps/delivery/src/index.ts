export { DELIVERY } from './delivery.ts';
export { runDelivery, type RunDeliveryDependencies } from './run-delivery.ts';
