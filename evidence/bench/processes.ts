// What processes use, as Linux counts it (proc_pid_stat(5), proc_pid_status(5), proc_pid_smaps(5)).
import { readFileSync } from 'node:fs';

/** USER_HZ of every Linux we know. */
const ticksPerSecond = 100;
const userTicksField = 11;
const systemTicksField = 12;

/** User and system time of all its threads; 0 of one that is gone. */
export function processorSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[userTicksField]) + Number(fields[systemTicksField])) / ticksPerSecond;
  } catch {
    return 0;
  }
}

export interface Memory {
  readonly rssKiB: number;
  /** Its share of what it has in common with others is counted in parts. */
  readonly pssKiB: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { rssKiB: figure('Rss'), pssKiB: figure('Pss') };
}

/** The most that this process ever had. */
export function peakRssMiB(): number {
  const text = readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1]) / 1_024;
}

/** Time that others took from this machine's processors since it started, in seconds. */
export function stolenSeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  return Number(line.trim().split(/\s+/)[8]) / ticksPerSecond;
}
