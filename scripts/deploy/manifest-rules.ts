// What has to be true of the rendered chart beyond the schemas: every role is probed, budgeted, limited and told only what it
// knows; what lets a pod start and stop in peace.
import { mainOf, PORTS, ROLES, unknownKeys, type FleetRole } from './settings.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly template?: { readonly spec: PodSpec };
  };
}

interface PodSpec {
  readonly enableServiceLinks?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: { readonly runAsNonRoot?: boolean };
  readonly containers: readonly Container[];
}

interface Container {
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources?: { readonly requests?: { readonly cpu?: unknown; readonly memory?: unknown } };
  readonly securityContext?: { readonly readOnlyRootFilesystem?: boolean; readonly allowPrivilegeEscalation?: boolean };
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
}

/** Of one release. */
export const manifestFaults = (manifests: readonly Manifest[]): readonly string[] => [
  ...ROLES.flatMap((role) => roleFaults(role, manifests)),
  ...manifests.flatMap(podFaults),
];

function roleFaults(role: FleetRole, manifests: readonly Manifest[]): readonly string[] {
  const of = (kind: string) =>
    manifests.find(
      ({ kind: its, metadata }) => its === kind && metadata.labels?.['app.kubernetes.io/component'] === role,
    );
  const deployment = of('Deployment');
  if (deployment === undefined) return [`${role}: no Deployment`];
  const container = deployment.spec?.template?.spec.containers[0];
  const finds = (labels: object | undefined) =>
    JSON.stringify(labels) === JSON.stringify(deployment.spec?.selector?.matchLabels);
  return complaints(role, {
    'no PodDisruptionBudget finds its pods': finds(of('PodDisruptionBudget')?.spec?.selector?.matchLabels),
    'not started by its main.ts': container?.args?.[0] === mainOf(role),
    'the admin port is another': portOf(container, 'admin') === PORTS.admin,
    'startup is not probed by /healthz': isProbedBy(container?.startupProbe, '/healthz'),
    'life is not probed by /healthz': isProbedBy(container?.livenessProbe, '/healthz'),
    'readiness is not probed by /readyz': isProbedBy(container?.readinessProbe, '/readyz'),
    'the port for clients is another': role !== 'gateway' || portOf(container, 'clients') === PORTS.clients,
  });
}

const portOf = (container: Container | undefined, name: string): number | undefined =>
  container?.ports?.find((port) => port.name === name)?.containerPort;

const isProbedBy = (probe: Probe | undefined, path: string): boolean =>
  probe?.httpGet?.path === path && probe.httpGet.port === 'admin';

/** Whatever has pods. */
function podFaults({ kind, metadata, spec }: Manifest): readonly string[] {
  const pod = spec?.template?.spec;
  const [container] = pod?.containers ?? [];
  if (pod === undefined || container === undefined) return [];
  const { requests } = container.resources ?? {};
  const environment = new Map(container.env?.map(({ name, value }) => [name, value]));
  const unknown = unknownKeys([...environment.keys()]);
  return complaints(`${kind} ${metadata.name}`, {
    'asks for no cpu and memory': requests?.cpu !== undefined && requests.memory !== undefined,
    "gets Service's variables, which are no keys of ours": pod.enableServiceLinks === false,
    'gets a token it has no use for': pod.automountServiceAccountToken === false,
    'may be root': pod.securityContext?.runAsNonRoot === true,
    'may write where its program is': container.securityContext?.readOnlyRootFilesystem === true,
    [`knows no ${unknown.join(', ')}`]: unknown.length === 0,
    'says other ports than its settings': ports(environment) === `${PORTS.clients} ${PORTS.admin}`,
    'is killed before it has drained': kind !== 'Deployment' || graceMs(pod, container) > drainMs(environment),
  });
}

const ports = (environment: ReadonlyMap<string, string | undefined>): string =>
  `${environment.get('PARLEY_PORT')} ${environment.get('PARLEY_ADMIN_PORT')}`;

const drainMs = (environment: ReadonlyMap<string, string | undefined>): number =>
  Number(environment.get('PARLEY_DRAIN_MS'));

/** What is left of it after the sleep before the signal. */
const graceMs = ({ terminationGracePeriodSeconds = 30 }: PodSpec, { lifecycle }: Container): number =>
  (terminationGracePeriodSeconds - (lifecycle?.preStop?.sleep?.seconds ?? 0)) * 1_000;

/** Those that do not hold. */
const complaints = (who: string, rules: Readonly<Record<string, boolean>>): readonly string[] =>
  Object.entries(rules).flatMap(([complaint, holds]) => (holds ? [] : [`${who}: ${complaint}`]));
