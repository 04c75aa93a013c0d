// infra/deploy: each file by the tool that reads it in earnest, what Helm renders against Kubernetes' own schemas, and all of it
// against the configuration's table. The programs come from the set-up (scripts/bootstrap/service-table.mjs).
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parse } from 'yaml';
import { fleetFaults, type ComposeFile } from '../deploy/compose-rules.ts';
import { chartFaults, renderChart } from '../deploy/chart.ts';
import { lintAll } from '../deploy/linters.ts';
import { manifestFaults } from '../deploy/manifest-rules.ts';
import { schemaFaults } from '../deploy/kubernetes-schemas.ts';
import { inProject, report } from './project-files.ts';

process.chdir(inProject('.'));
const compose = parse(readFileSync('infra/deploy/compose.yaml', 'utf8'), { merge: true }) as ComposeFile;
const releases = await Promise.all([renderChart(), renderChart('infra/deploy/helm/parley/ci/everything-values.yaml')]);
const manifests = releases.flat();

report(
  [
    ...(await lintAll()),
    ...schemaFaults(manifests),
    ...releases.flatMap(manifestFaults),
    ...fleetFaults(compose),
    ...chartFaults(),
  ],
  `deployment, ${manifests.length} manifests, ${Object.keys(compose.services).length} services`,
);
