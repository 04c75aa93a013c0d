// `parley doctor`: what is wrong, or will be, and what to do about it. It reports, and changes nothing.
import packageJson from '../../package.json' with { type: 'json' };
import { gatherFacts, type Facts } from './doctor/facts.ts';
import { diagnose, type Finding } from './doctor/findings.ts';
import type { LoneCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { type Output } from './output.ts';
import { reach } from './system.ts';

interface DoctorFlags {
  readonly monitor?: readonly string[];
}

export const runDoctor: LoneCommand<DoctorFlags> = async ({ environment, output, flags, signal }) => {
  await using reached = await reach(environment);
  const facts = await gatherFacts(reached, { monitors: flags.monitor ?? [], signal });
  if (signal.aborted) return EXIT.interrupted;
  const findings = diagnose(facts);
  const versions = versionsOf(facts);
  for (const version of versions) output.line(version);
  for (const what of facts.unseen) output.line(`not seen: ${what}`);
  output.line('');
  if (findings.length === 0) output.line('nothing is wrong');
  for (const finding of findings) showFinding(output, finding);
  output.json({ findings, versions, unseen: facts.unseen });
  return findings.length === 0 ? EXIT.done : EXIT.found;
};

function showFinding(output: Output, { severity, code, found, remedy }: Finding): void {
  output.line(`${severity === 'broken' ? 'BROKEN ' : 'warning'}  ${found} (${code})`);
  output.line(`         ${remedy}`);
}

function versionsOf({ nats, redis, cassandra, node, natsServers }: Facts): readonly string[] {
  const { shards = 'no', logEpoch = 'no' } = nats;
  return [
    `parley ${packageJson.version}, Node ${node}; log epoch ${logEpoch}, ${shards} shards`,
    `nats-server ${[...new Set([nats.version, ...natsServers.map(({ version }) => version)])].join(', ')}`,
    ...(redis !== undefined && 'servers' in redis
      ? redis.servers.map(({ version, address }) => `${version} at ${address}`)
      : []),
    ...(cassandra !== undefined && 'nodes' in cassandra
      ? [
          `Cassandra ${[...new Set(cassandra.nodes.map(({ version }) => version))].join(', ')} on ${cassandra.nodes.length} nodes`,
        ]
      : []),
  ];
}
