// One set-up at a time: `npm start` and `npm test` may both be the first. The lock file names its owner; the lock of an
// owner that is gone (kill -9, power loss) is taken over.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfInterrupted } from './commands.mjs';
import { inProject, say, SetupFailure } from './project.mjs';

const projectLock = inProject('.boot.lock');
const pollMs = 250;
const waitMsMax = 10 * 60_000;

export async function withSetupLock(task, lockFile = projectLock) {
  const release = () => fs.rmSync(lockFile, { force: true });
  await acquire(lockFile);
  process.once('exit', release);
  try {
    return await task();
  } finally {
    release();
    process.off('exit', release);
  }
}

async function acquire(lockFile) {
  const deadlineMs = Date.now() + waitMsMax;
  let told = false;
  while (!tryAcquire(lockFile)) {
    if (takeOverFromTheDead(lockFile)) continue;
    if (!told) say('waiting for another set-up of this folder to finish …');
    told = true;
    if (Date.now() > deadlineMs) {
      throw new SetupFailure(
        `another set-up has held ${lockFile} for ten minutes; delete that file if none is running.`,
      );
    }
    await sleep(pollMs);
    throwIfInterrupted();
  }
}

function tryAcquire(lockFile) {
  try {
    fs.writeFileSync(lockFile, describe(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw new SetupFailure(`the project folder cannot be written to (${error.code}); run this as its owner.`);
  }
}

/** Renamed away before it is deleted, and put back when it turns out to be somebody's fresh lock: two may try at once. */
function takeOverFromTheDead(lockFile) {
  const owner = read(lockFile);
  if (owner === undefined) return true;
  if (owner === '' || describe(Number.parseInt(owner, 10)) === owner) return false;
  const aside = `${lockFile}.${process.pid}`;
  try {
    fs.renameSync(lockFile, aside);
  } catch {
    return true; // somebody else was quicker
  }
  if (read(aside) !== owner) fs.linkSync(aside, lockFile);
  fs.rmSync(aside, { force: true });
  return true;
}

/** The pid and, where it can be had, the process's start: a pid alone is soon somebody else's. Says "gone" when it is. */
function describe(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return `${pid} gone`;
  }
  const stat = read(`/proc/${pid}/stat`);
  // Field 22, counted after the command's name, which may itself hold spaces and brackets (proc(5)).
  const startTicks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return `${pid} ${startTicks ?? 'alive'}`;
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
