// Which package may import which (docs/architecture.md): domain <- protocol, projections <- infra <- apps; sdk <- protocol.
// Paths are regular expressions over paths from the project's root.
import type { IForbiddenRuleType } from 'dependency-cruiser';

/** A workspace and its folder; new ones come with their row in MAY_IMPORT. */
const ANY_PACKAGE = '^(domain|protocol|projections|infra|sdk|proof|evidence|apps/[^/]+)/';
/** By name: suites, and what only suites use. */
const TEST_CODE = '[.](test|contract)[.]ts$|/(e2e|testing)/|/test-[^/]+[.]ts$';

const MAY_IMPORT = {
  domain: [],
  protocol: ['domain'],
  projections: ['domain'],
  infra: ['domain', 'protocol', 'projections'],
  sdk: ['protocol'],
  proof: [],
} as const;

const directions = Object.entries(MAY_IMPORT).map(([name, others]): IForbiddenRuleType => {
  const allowed = [name, ...others].join('|');
  return {
    name: `direction-${name}`,
    comment: `${name} may import only ${others.length === 0 ? 'itself' : others.join(', ')} of this project's packages`,
    severity: 'error',
    from: { path: `^${name}/` },
    to: { path: [ANY_PACKAGE, '^scripts/'], pathNot: `^(${allowed})/` },
  };
});

export const boundaryRules: IForbiddenRuleType[] = [
  ...directions,
  {
    name: 'domain-imports-nothing',
    comment: 'the domain has no libraries: its facts and rules must outlive them all',
    severity: 'error',
    from: { path: '^domain/', pathNot: TEST_CODE },
    to: { pathNot: '^domain/' },
  },
  {
    name: 'pure-code-is-not-on-a-machine',
    comment: 'rules and folds see nothing of Node; what they need is handed in',
    severity: 'error',
    from: { path: '^(domain|projections)/', pathNot: TEST_CODE },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'only-tests-prove',
    comment: 'whoever judges the system is no part of it',
    severity: 'error',
    from: { path: ANY_PACKAGE, pathNot: `^(proof|evidence)/|${TEST_CODE}` },
    to: { path: '^proof/' },
  },
  {
    name: 'apps-are-alone',
    comment: 'only the standalone app puts other apps together; suites may start a whole system',
    severity: 'error',
    from: { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/' },
    to: { path: '^apps/', pathNot: '^apps/$1/|^apps/(standalone|cluster)/e2e/' },
  },
  {
    name: 'standalone-takes-the-front-door',
    comment: 'standalone sees of another app only what its index exports',
    severity: 'error',
    from: { path: '^apps/standalone/' },
    to: { path: '^apps/', pathNot: '^apps/standalone/|^apps/[^/]+/src/index[.]ts$' },
  },
  {
    name: 'nobody-imports-scripts',
    comment: 'scripts serve those who work on the project; the product runs without them',
    severity: 'error',
    from: { path: ANY_PACKAGE },
    to: { path: '^scripts/' },
  },
  {
    name: 'nobody-imports-evidence',
    comment: 'what measures and tries the system is no part of it',
    severity: 'error',
    from: { path: ANY_PACKAGE, pathNot: '^evidence/' },
    to: { path: '^evidence/' },
  },
  {
    name: 'no-cycles',
    comment: 'two modules that need one another are one module, or lack a third; type imports count',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'resolvable',
    comment: 'an import that leads nowhere, or past what the other package exports',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no-development-packages',
    comment: 'what runs in production must be installed there',
    severity: 'error',
    from: { path: '/src/', pathNot: TEST_CODE },
    // `import type` leaves nothing behind at run time.
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
];

/** The workspace a file belongs to, such as `apps/gateway`; undefined outside. */
export const packageOf = (file: string): string | undefined => new RegExp(ANY_PACKAGE).exec(file)?.[1];
