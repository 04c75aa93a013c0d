// The load generator's process: one job, told and answered by messages.
import { JOBS, type JobName, type JobOf } from './jobs.ts';

interface Order<Name extends JobName = JobName> {
  readonly name: Name;
  readonly job: JobOf<Name>;
}

process.once('message', (order: Order) => {
  perform(order).catch((error: unknown) => {
    process.send?.({ error: String(error) });
  });
});

async function perform<Name extends JobName>({ name, job }: Order<Name>): Promise<void> {
  const startedMs = performance.now();
  const loop = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  const result = await JOBS[name](job);
  const { user, system } = process.cpuUsage(cpu);
  const usage = {
    cpuSeconds: (user + system) / 1e6,
    wallSeconds: (performance.now() - startedMs) / 1_000,
    utilization: performance.eventLoopUtilization(loop).utilization,
  };
  process.send?.({ result, usage }, () => process.exit());
}
