// The rules see the mistakes they are for, each made in a fleet that is right.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fleetFaults, imageFaults, type ComposeFile } from './compose-rules.ts';
import { manifestFaults, type Manifest } from './manifest-rules.ts';
import { mainOf, ROLES, type FleetRole } from './settings.ts';

describe('rules for compose.yaml', () => {
  const text = readFileSync('infra/deploy/compose.yaml', 'utf8');
  const faultsAfter = (from: string | RegExp, to: string): readonly string[] => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    return fleetFaults(parse(changed, { merge: true }) as ComposeFile);
  };

  it('find nothing in ours', () => {
    expect(fleetFaults(parse(text, { merge: true }) as ComposeFile)).toEqual([]);
  });

  it('find a key that the configuration does not know', () => {
    expect(faultsAfter('PARLEY_SHARDS:', 'PARLEY_SHARD:')).toContain('compose.yaml: gateway knows no PARLEY_SHARD');
  });

  it('find a secret in the open', () => {
    expect(faultsAfter('PARLEY_JWT_SECRET_FILE:', 'PARLEY_JWT_SECRET:')).toContain(
      'compose.yaml: delivery gets PARLEY_JWT_SECRET in the open',
    );
  });

  it('find a drain that is longer than the time there is for it', () => {
    expect(faultsAfter("PARLEY_DRAIN_MS: '20000'", "PARLEY_DRAIN_MS: '30000'")).toContain(
      'compose.yaml: gateway is killed before it has drained',
    );
  });

  it('find a role that is not asked whether it is ready, or is another', () => {
    expect(faultsAfter('9464/readyz', '9464/healthz')).toHaveLength(ROLES.length);
    expect(faultsAfter('[apps/projector/src/main.ts]', '[apps/delivery/src/main.ts]')).toEqual([
      'compose.yaml: projector is not started by apps/projector/src/main.ts',
    ]);
  });

  it('find a projector that keeps no more read models than the usual ones', () => {
    expect(faultsAfter('${PARLEY_PROJECTIONS:-}', '')).toEqual([
      'compose.yaml: projector is not told PARLEY_PROJECTIONS',
    ]);
  });

  it('find a service without a limit of memory', () => {
    expect(faultsAfter("cpus: '1', memory: 1G", "cpus: '1'")).toEqual(['compose.yaml: gateway may take all memory']);
  });
});

describe('rules for the image', () => {
  const dockerfile = readFileSync('infra/deploy/Dockerfile', 'utf8');
  const manifest = readFileSync('package.json', 'utf8');

  it('find another Node than the tested one', () => {
    expect(imageFaults(dockerfile, manifest)).toEqual([]);
    expect(imageFaults(dockerfile.replace(/node:[0-9.]+-/, 'node:22.0.0-'), manifest)).toHaveLength(1);
  });

  it('find a package whose manifest is not copied', () => {
    expect(imageFaults(dockerfile.replace('COPY infra/package.json infra/\n', ''), manifest)).toEqual([
      'Dockerfile: no "COPY infra/package.json infra/"',
    ]);
  });
});

describe('rules for the rendered chart', () => {
  it('find nothing in a release that has what they ask for', () => {
    expect(manifestFaults(release())).toEqual([]);
  });

  it.each([
    ['a missing budget', { budgets: [] }, 'gateway: no PodDisruptionBudget finds its pods'],
    ['life probed by readiness', { livePath: '/readyz' }, 'gateway: life is not probed by /healthz'],
    ['another admin port', { adminPort: 9090 }, 'gateway: the admin port is another'],
    ['no requests', { requests: {} }, 'Deployment delivery: asks for no cpu and memory'],
    [
      "Services' variables",
      { enableServiceLinks: true },
      "Deployment gateway: gets Service's variables, which are no keys of ours",
    ],
    ['a misspelt key', { key: 'PARLEY_NATS_URLS' }, 'Deployment projector: knows no PARLEY_NATS_URLS'],
    ['a key of standalone', { key: 'PARLEY_DATA_DIR' }, 'Deployment gateway: knows no PARLEY_DATA_DIR'],
    [
      'a sleep that eats up the time to drain',
      { graceSeconds: 34 },
      'Deployment gateway: is killed before it has drained',
    ],
  ])('find %s', (_, mistake, fault) => {
    expect(manifestFaults(release(mistake))).toContain(fault);
  });
});

interface Mistake {
  readonly budgets?: readonly FleetRole[];
  readonly livePath?: string;
  readonly adminPort?: number;
  readonly requests?: object;
  readonly enableServiceLinks?: boolean;
  readonly key?: string;
  readonly graceSeconds?: number;
}

/** As little as the rules are content with. */
function release(mistake: Mistake = {}): readonly Manifest[] {
  const { budgets = ROLES } = mistake;
  return [...ROLES.map((role) => deployment(role, mistake)), ...budgets.map(budget)];
}

const labelled = (role: FleetRole) => ({ name: role, labels: { 'app.kubernetes.io/component': role } });
const selector = (role: FleetRole) => ({ matchLabels: { 'app.kubernetes.io/component': role } });

const budget = (role: FleetRole): Manifest => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: labelled(role),
  spec: { selector: selector(role) },
});

function deployment(role: FleetRole, mistake: Mistake): Manifest {
  const {
    livePath = '/healthz',
    adminPort = 9464,
    requests = { cpu: '1', memory: '1Gi' },
    graceSeconds = 40,
  } = mistake;
  const probe = (path: string) => ({ httpGet: { path, port: 'admin' } });
  const environment = { PARLEY_PORT: '8080', PARLEY_ADMIN_PORT: '9464', PARLEY_DRAIN_MS: '30000' };
  const container = {
    args: [mainOf(role)],
    env: Object.entries({ ...environment, ...(mistake.key && { [mistake.key]: 'x' }) }).map(([name, value]) => ({
      name,
      value,
    })),
    ports: [
      { name: 'clients', containerPort: 8080 },
      { name: 'admin', containerPort: adminPort },
    ],
    resources: { requests },
    securityContext: { readOnlyRootFilesystem: true },
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
    startupProbe: probe('/healthz'),
    livenessProbe: probe(livePath),
    readinessProbe: probe('/readyz'),
  };
  const pod = {
    enableServiceLinks: mistake.enableServiceLinks ?? false,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: graceSeconds,
    securityContext: { runAsNonRoot: true },
    containers: [container],
  };
  const metadata = labelled(role);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { selector: selector(role), template: { spec: pod } },
  };
}
