// What is done to a fleet under load: each kind of process killed or frozen, the log's leader and the wiped Redis among them.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Member } from '../src/index.ts';
import type { FleetUnderProof } from './fleet-under-proof.ts';

export interface Fault {
  readonly name: string;
  /** Resolves when the harm is done and, of one that was frozen, over. */
  inflict(fleet: FleetUnderProof, random: () => number): Promise<void>;
}

const frozenMs = 6_000;

const oneOf = (members: readonly Member[], random: () => number): Member => {
  const member = members[Math.floor(random() * members.length)];
  if (!member) throw new Error('there is nobody to harm');
  return member;
};

const kill = (kind: Member['plan']['kind']): Fault => ({
  name: `kill -9 ${kind}`,
  inflict: async (fleet, random) => oneOf(fleet.members(kind), random).signal('SIGKILL'),
});

const freeze = (kind: Member['plan']['kind']): Fault => ({
  name: `freeze ${kind} ${frozenMs / 1_000} s`,
  inflict: (fleet, random) => freezeFor(oneOf(fleet.members(kind), random)),
});

async function freezeFor(member: Member): Promise<void> {
  member.signal('SIGSTOP');
  await pause(frozenMs);
  member.signal('SIGCONT');
}

const killLeader: Fault = {
  name: 'kill -9 nats leader',
  inflict: async (fleet, random) => (await leaderOf(fleet, random)).signal('SIGKILL'),
};

const freezeLeader: Fault = {
  name: `freeze nats leader ${frozenMs / 1_000} s`,
  inflict: async (fleet, random) => freezeFor(await leaderOf(fleet, random)),
};

/** Of one of the shards' streams, as NATS itself says. */
async function leaderOf(fleet: FleetUnderProof, random: () => number): Promise<Member> {
  const leaders = await fleet.leaders();
  const name = leaders[Math.floor(random() * leaders.length)];
  return oneOf(
    fleet.members('nats').filter(({ plan }) => plan.name === name),
    random,
  );
}

const flushRedis: Fault = {
  name: 'redis FLUSHALL',
  async inflict(fleet, random) {
    const { hostname, port } = new URL(oneOf(fleet.members('redis'), random).plan.address);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write('FLUSHALL\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    if (answer.toString().trim() !== '+OK') throw new Error(answer.toString());
  },
};

export const SERVER_FAULTS: readonly Fault[] = [
  kill('gateway'),
  freeze('gateway'),
  kill('delivery'),
  freeze('delivery'),
  kill('projector'),
  freeze('projector'),
  killLeader,
  freezeLeader,
  flushRedis,
  kill('redis'),
  freeze('redis'),
];

export const CASSANDRA_FAULTS: readonly Fault[] = [kill('cassandra'), freeze('cassandra')];
