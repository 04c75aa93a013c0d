// The package boundaries, by dependency-cruiser. Fails also when it did not read every TypeScript file we have, or had to
// guess at them: without a compiler it can use, it skips folders of them, or reads them as broken JavaScript, and is content.
import { registerHooks } from 'node:module';
import type { ICruiseResult, IModule } from 'dependency-cruiser';
import { boundaryRules, packageOf } from './boundary-rules.ts';
import { inProject, projectFiles, report } from './project-files.ts';

// dependency-cruiser needs the compiler's programming interface, which TypeScript 7 does not have: it is given version 6,
// which we install under another name. A plain `overrides` entry cannot do it, for `typescript` is no dependency of its.
registerHooks({
  resolve(specifier, context, next) {
    const isTypeScript = specifier === 'typescript' || specifier.startsWith('typescript/');
    const asks = context.parentURL?.includes('/dependency-cruiser/') === true;
    return next(isTypeScript && asks ? specifier.replace('typescript', 'typescript6') : specifier, context);
  },
});
const { cruise, getAvailableTranspilers } = await import('dependency-cruiser');

process.chdir(inProject('.'));
const files = projectFiles(/^(domain|protocol|projections|infra|sdk|apps|scripts)\/.*[.]m?ts$/);
const { output } = await cruise(
  [...files],
  {
    ruleSet: { forbidden: boundaryRules },
    validate: true,
    tsPreCompilationDeps: true, // `import type` is a dependency too
    combinedDependencies: true, // the workspaces share the root's package.json
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^[.]runtime/|^[.]parley/' },
  },
  {
    exportsFields: ['exports'],
    conditionNames: ['import', 'node', 'default'],
    extensions: ['.ts', '.mts', '.mjs', '.js'],
  },
);
if (typeof output === 'string') throw new Error('dependency-cruiser answered with text');
report(
  [...unread(output.modules), ...violations(output), ...relativePaths(output.modules)],
  `boundaries, ${files.length} modules`,
);

function unread(modules: readonly IModule[]): readonly string[] {
  const compiler = getAvailableTranspilers().find(({ name }) => name === 'typescript');
  if (compiler?.available !== true) return ['dependency-cruiser found no TypeScript compiler it can use'];
  const read = new Set(modules.map((module) => module.source));
  const missing = files.filter((file) => !read.has(file)).map((file) => `not read by dependency-cruiser: ${file}`);
  const imports = modules.reduce((sum, module) => sum + module.dependencies.length, 0);
  return imports > 0 ? missing : [...missing, 'dependency-cruiser found no import at all'];
}

function violations({ summary }: ICruiseResult): readonly string[] {
  return summary.violations.map(({ rule, from, to, cycle }) => {
    const way = cycle === undefined ? to : cycle.map((step) => step.name).join(' -> ');
    const why = boundaryRules.find(({ name }) => name === rule.name)?.comment ?? '';
    return `${rule.name}: ${from} -> ${way} (${why})`;
  });
}

/** Another package is imported by its name, so that its `exports` decide what can be seen. */
function relativePaths(modules: readonly IModule[]): readonly string[] {
  return modules.flatMap(({ source, dependencies }) =>
    dependencies
      .filter(({ module, resolved }) => module.startsWith('.') && packageOf(resolved) !== packageOf(source))
      .map(({ module }) => `by-name-only: ${source} -> ${module} (another package is imported by its name)`),
  );
}
