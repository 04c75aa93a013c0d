// Every relative link of every Markdown file leads to a file that exists, and its anchor to a heading there.
// Links to the outside are not followed: a check must not depend on somebody else's server.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { inProject, projectFiles, report } from './project-files.ts';

const documents = projectFiles(/[.]md$/);
report(
  documents.flatMap((document) => linksOf(document).flatMap((link) => problemOf(document, link) ?? [])),
  `links, ${documents.length} documents`,
);

function problemOf(document: string, link: string): string | undefined {
  const [file = '', anchor = ''] = link.split('#', 2);
  const target =
    file === '' ? document : path.join(file.startsWith('/') ? '' : path.dirname(document), decodeURI(file));
  if (target.startsWith('..')) return `${document}: ${link} leads out of the project`;
  if (!existsSync(inProject(target))) return `${document}: ${link} leads nowhere`;
  const hasAnchors = target.endsWith('.md') && statSync(inProject(target)).isFile();
  if (anchor !== '' && hasAnchors && !anchorsOf(target).has(anchor)) {
    return `${document}: ${link} has no such heading`;
  }
  return undefined;
}

/** Inline links and images, reference definitions, and the HTML that Markdown allows. */
function linksOf(document: string): readonly string[] {
  const text = prose(document).replaceAll(/`[^`\n]*`/g, '');
  const patterns = [/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g, /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm, /\b(?:href|src)="([^"]+)"/g];
  const links = patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return links.filter((link) => !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link));
}

/** Headings as GitHub names them: lower case, punctuation away, spaces to hyphens, repeated ones numbered. */
function anchorsOf(document: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose(document).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = slugOf(heading);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const [, id = ''] of prose(document).matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

function slugOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}\p{Mark}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

/** The text without fenced code, where nothing is a link or a heading. */
function prose(document: string): string {
  return readFileSync(inProject(document), 'utf8').replaceAll(/^(\s*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\s*\2[^\n]*$/gm, '');
}
