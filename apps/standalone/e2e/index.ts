// A standalone for those who prove something of it, and what makes a process one of the next build.
export { nextBuild } from './next-build.ts';
export { StandaloneProcess } from './standalone-process.ts';
