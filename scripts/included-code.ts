// Pages that show code show files of the project, whole and as they stand: the block after `<!-- file: path -->` is that file.
// `npm run docs` writes them, a test compares.
import { readFileSync } from 'node:fs';
import { inProject, projectFiles } from './check/project-files.ts';

const block = /^<!-- file: (\S+) -->\n```ts\n[^]*?^```$/gm;

/** Pages with such blocks, as they should be, by path. */
export function pagesWithCode(): ReadonlyMap<string, string> {
  const pages = projectFiles(/^docs\/.*[.]md$/).map((file): [string, string] => [file, textOf(file)]);
  return new Map(pages.filter(([, page]) => page.search(block) >= 0).map(([file, page]) => [file, withCode(page)]));
}

const withCode = (page: string): string =>
  page.replaceAll(
    block,
    (_block, file: string) => `<!-- file: ${file} -->\n\`\`\`ts\n${textOf(file).trimEnd()}\n\`\`\``,
  );

export const textOf = (file: string): string => readFileSync(inProject(file), 'utf8');
