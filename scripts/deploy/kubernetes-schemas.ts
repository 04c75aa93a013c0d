// Rendered manifests against what Kubernetes itself says they may hold: nothing it does not know, nothing of the wrong type, in
// the oldest version the chart allows and the newest there is.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Manifest } from './manifest-rules.ts';
import { provided } from './programs.ts';

interface Definition {
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

/** Not Kubernetes' own, so its schemas do not have them. */
const foreignKinds = new Set(['monitoring.coreos.com/v1 PodMonitor']);

const kindOf = ({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): string => `${apiVersion} ${kind}`;

export function schemaFaults(manifests: readonly Manifest[]): readonly string[] {
  const ours = manifests.filter((manifest) => !foreignKinds.has(kindOf(manifest)));
  return ['PARLEY_TEST_KUBERNETES_OLDEST', 'PARLEY_TEST_KUBERNETES_NEWEST'].flatMap((version) =>
    faultsOf(ours, provided(version)),
  );
}

function faultsOf(manifests: readonly Manifest[], file: string): readonly string[] {
  const schema = JSON.parse(readFileSync(file, 'utf8')) as { $id: string; $defs: Record<string, Definition> };
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).addSchema(schema);
  const names = new Map(
    Object.entries(schema.$defs).flatMap(([name, definition]) => kindsOf(definition).map((kind) => [kind, name])),
  );
  return manifests.flatMap((manifest) => {
    const what = `${manifest.kind} ${manifest.metadata.name}`;
    const name = names.get(kindOf(manifest));
    if (name === undefined) return [`${what}: ${kindOf(manifest)} is in no schema`];
    ajv.validate(`${schema.$id}#/$defs/${name}`, manifest);
    return (ajv.errors ?? []).map(
      ({ instancePath, message, params }) => `${what}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  });
}

const kindsOf = (definition: Definition): readonly string[] =>
  (definition['x-kubernetes-group-version-kind'] ?? []).map(({ group, version, kind }) =>
    kindOf({ apiVersion: group === '' ? version : `${group}/${version}`, kind }),
  );
