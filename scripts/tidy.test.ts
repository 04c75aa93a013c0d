// What no linter looks at: sizes of files, names of files and folders, words that mean unfinished, names of tests.
// Function length, depth and parameters are the linter's (.oxlintrc.json).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { inProject, projectFiles } from './check/project-files.ts';

const fileLinesMax = 400;
const fileLinesWarned = 300;
/** Folders are named by what they hold, never by kind. */
const foldersByKind = /^(utils?|helpers?|types|common|misc|shared|lib|interfaces|models|constants)$/;
const kebabCase = /^[.]?[a-z0-9]+(-[a-z0-9]+)*([.][a-z0-9]+)*$/;
const testNamePattern =
  /^\s*(?:it|test)(?:[.](?:each|skip|only|concurrent|for)\b[^'"`\n]*)?\(\s*(['"`])(.+?)\1\s*[,)]/gm;

const code = projectFiles(/[.](ts|mts|mjs|sh)$/);
const sources = projectFiles(/(^|\/)src\/.*[.]ts$/);
const tests = projectFiles(/[.]test[.](ts|mjs)$/);
/** Suites, and what only suites use. */
const isTestCode = (file: string): boolean =>
  /[.](test|contract)[.]ts$|\/(e2e|testing)\/|\/test-[^/]+[.]ts$/.test(file);
const product = sources.filter((file) => !isTestCode(file));
const textOf = (file: string): string => readFileSync(inProject(file), 'utf8');
const linesOf = (file: string): number => textOf(file).trimEnd().split('\n').length;

it('keeps files short enough to read in one go', () => {
  const long = code.map((file) => ({ file, lines: linesOf(file) })).filter(({ lines }) => lines > fileLinesWarned);
  for (const { file, lines } of long) console.warn(`${file} has ${lines} lines: has it two reasons to change?`);
  expect(long.filter(({ lines }) => lines > fileLinesMax)).toEqual([]);
});

it('names files in kebab case', () => {
  expect(code.filter((file) => !kebabCase.test(path.basename(file)))).toEqual([]);
});

it('names folders by what they hold', () => {
  const folders = new Set(code.flatMap((file) => path.dirname(file).split('/')));
  expect([...folders].filter((folder) => foldersByKind.test(folder))).toEqual([]);
});

it('leaves nothing for later in the sources', () => {
  expect(matching(sources, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
});

it('makes no type out of nothing', () => {
  expect(matching(product, /\bas unknown as\b|@ts-(ignore|expect-error|nocheck)/)).toEqual([]);
});

it('reads the environment only in composition roots and their configuration', () => {
  const elsewhere = product.filter((file) => !/(^|\/)(main|config)[.]ts$/.test(file));
  const settingForLibrary = 'apps/gateway/src/uws.ts'; // sets a variable that uWebSockets.js reads, and reads none itself
  expect(
    matching(
      elsewhere.filter((file) => file !== settingForLibrary),
      /\bprocess\s*[.[]\s*['"]?env\b|\benv\b[^;\n]*=\s*process\b/,
    ),
  ).toEqual([]);
});

it('opens every module with what it is for', () => {
  const modules = sources.filter((file) => !/(^|\/)index[.]ts$|[.]test[.]ts$/.test(file));
  expect(modules.filter((file) => !/^(#![^\n]*\n)?(\/\/|\/\*\*)/.test(textOf(file)))).toEqual([]);
});

it('names every test with a sentence', () => {
  // Two words do: `describe` may be the subject.
  const isSentence = (name: string): boolean => name.split(' ').length >= 2 && !/^should\b|[.]$/i.test(name);
  const names = tests.flatMap((file) => [...textOf(file).matchAll(testNamePattern)].map((match) => match[2] ?? ''));
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !isSentence(name))).toEqual([]);
});

it('leaves no test switched off or alone', () => {
  expect(matching(tests, /^\s*(?:it|test|describe)[.](?:only|skip|todo)\b|^\s*x(?:it|describe)\b/m)).toEqual([]);
});

it('locks packages without naming a registry', () => {
  expect(textOf('package-lock.json')).not.toMatch(/"resolved": "https?:/);
});

const matching = (files: readonly string[], pattern: RegExp): readonly string[] =>
  files.filter((file) => pattern.test(textOf(file)));
