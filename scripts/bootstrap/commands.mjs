// Runs commands to their end without a shell. A signal to the set-up ends the command first, with all it started, and waits
// for it: an `npm ci` left behind would write into what the next set-up makes.
import { spawn } from 'node:child_process';
import { inProject, say } from './project.mjs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** `npm ci` hears a signal only between two of its steps; the next one starts anew, so that nothing is lost. */
const killAfterMs = 2_000;

/** The set-up was asked to end. */
export class Interrupted extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

let interruptedBy;
let endRunning = () => {};

/** While the task runs, a signal ends its command, and makes it reject with Interrupted. */
export async function interruptible(task) {
  const interrupt = (signal) => {
    if (interruptedBy !== undefined) return; // npm and a terminal may both send it
    interruptedBy = signal;
    endRunning();
  };
  for (const signal of signals) process.on(signal, interrupt);
  try {
    const result = await task();
    throwIfInterrupted();
    return result;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

export function throwIfInterrupted() {
  if (interruptedBy !== undefined) throw new Interrupted(interruptedBy);
}

/**
 * `{ status, stdout, stderr, error }`, one command at a time; one that does not exist, or does not end within `timeoutMs`,
 * has failed (status null). Rejects with Interrupted, when the command has ended.
 */
export async function run(command, args, { timeoutMs, env = process.env, cwd = inProject() } = {}) {
  throwIfInterrupted();
  const result = { status: null, stdout: '', stderr: '', error: undefined };
  // In a process group of its own, which can be ended whole; a terminal's Ctrl-C comes to us alone.
  const options = { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true };
  const child = spawn(command, args, options);
  child.stdout.setEncoding('utf8').on('data', (text) => (result.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (result.stderr += text));
  const timers = [];
  const end = () => {
    signalGroup(child, 'SIGTERM');
    timers.push(setTimeout(() => signalGroup(child, 'SIGKILL'), killAfterMs));
  };
  endRunning = () => {
    say('stopping …');
    end();
  };
  if (timeoutMs !== undefined) {
    const giveUp = () => {
      result.error = new Error(`no end within ${timeoutMs / 1000} s`);
      end();
    };
    timers.push(setTimeout(giveUp, timeoutMs));
  }
  await new Promise((resolve) => {
    child.on('error', (error) => {
      result.error = error;
      resolve();
    });
    child.on('close', (status) => {
      result.status = result.error === undefined ? status : null;
      resolve();
    });
  });
  endRunning = () => {};
  timers.forEach(clearTimeout);
  throwIfInterrupted();
  return result;
}

function signalGroup({ pid }, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it has just ended
  }
}

/** Both outputs of a finished command and why it could not end well, for an error message. */
export const outputOf = ({ error, stdout, stderr }) => `${stdout}${stderr}${error?.message ?? ''}`.trim();
