export { runProjector, type ProjectorDependencies } from './run-projector.ts';
