// The model passes the contract that nats-server passes, and our adapter on it the one of event logs, under virtual time.
import { ACCEPTANCE, type World } from '@parley/domain';
import { describeEventLog, type OpenedLog } from '@parley/domain/contracts';
import { uuidv7 } from 'uuidv7';
import { describe } from 'vitest';
import { NatsEventLog } from '../nats/index.ts';
import { SimulatedConnection } from './connection.ts';
import { CONTRACT_STREAM, describeJetStream, type OpenedJetStream } from './jetstream.contract.ts';
import { chatStreamOf, SimulatedNats, type ServerOptions } from './server.ts';
import { VirtualTime } from './virtual-time.ts';

const replicas = [1, 3] as const;

describe.each(replicas)('the simulated NATS with %i replicas', (count) => {
  describeJetStream('it', async () => openStream(count));
  describeEventLog('our adapter on it', async () => openLog(count));
});

function openStream(count: 1 | 3): OpenedJetStream {
  const running = runTime();
  const connection = openConnection(running.time, {
    replicas: count,
    dedupWindowMs: CONTRACT_STREAM.dedupWindowMs,
    streams: [CONTRACT_STREAM.name],
    streamOf: (subject) => (subject.startsWith('contract.') ? CONTRACT_STREAM.name : undefined),
  });
  return { connection, world: worldOf(running.time), replicas: count, ...running };
}

function openLog(count: 1 | 3): OpenedLog {
  const running = runTime();
  const connection = openConnection(running.time, {
    replicas: count,
    dedupWindowMs: ACCEPTANCE.dedupWindowMs,
    streams: ['CHAT_0', 'CHAT_1'],
    streamOf: chatStreamOf,
  });
  const clock = { offsetMs: 0 };
  const world = worldOf(running.time, clock);
  const log = new NatsEventLog({ connection, world, shards: 2 });
  return { log, world, setClockOffset: (offsetMs) => (clock.offsetMs = offsetMs), ...running };
}

/** Nothing is lost. */
function openConnection(time: VirtualTime, options: Omit<ServerOptions, 'world' | 'weather'>): SimulatedConnection {
  const weather = { linkMs: () => 0.5, replicationMs: () => 1, isLost: () => false };
  const server = new SimulatedNats({ ...options, world: worldOf(time), weather });
  return SimulatedConnection.open({ server, name: 'contract' });
}

/** Passes as fast as it can until disposed: there is always a next second. */
function runTime() {
  const time = new VirtualTime(1_800_000_000_000);
  let isOver = false;
  const tick = (): void => void time.schedule(1_000, tick);
  tick();
  const running = time.run(() => isOver);
  return {
    time,
    async [Symbol.asyncDispose]() {
      isOver = true;
      await running;
    },
  };
}

function worldOf(time: VirtualTime, clock: { readonly offsetMs: number } = { offsetMs: 0 }): World {
  return {
    now: () => Math.round(time.now()) + clock.offsetMs,
    schedule: (delayMs, task) => time.schedule(delayMs, task),
    sleep: (delayMs) => new Promise((resolve) => void time.schedule(delayMs, resolve)),
    random: () => Math.random(),
    uuid: uuidv7,
  };
}
