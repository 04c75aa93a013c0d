// Where things are in this project, and how the set-up talks. Knows nothing of what is set up.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** An absolute path inside the project. */
export const inProject = (...parts) => path.join(root, ...parts);

/** Everything the set-up fetches besides node_modules: git-ignored, safe to delete. */
export const inRuntime = (...parts) => inProject('.runtime', ...parts);

/** Progress goes to stderr: stdout belongs to the program that is run. */
export const say = (line) => process.stderr.write(`[set-up] ${line}\n`);

/** Something cannot be had on this machine; the message is one sentence that says what to do. */
export class SetupFailure extends Error {}
