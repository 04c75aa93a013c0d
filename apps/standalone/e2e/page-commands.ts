// The commands of a page, and whether what they print has the shape that the page shows: the same words in the same lines, whatever the
// numbers, times and ids. Lines that the page leaves out (`…`) may be there.
import { stripVTControlCharacters } from 'node:util';

export interface Block {
  /** Where it is run. */
  readonly form: 'standalone' | 'cluster';
  readonly command: string;
  readonly lines: readonly string[];
}

/** ```console is for a standalone, ```console cluster for three servers; a line that begins with `$ ` is a command. */
export function pageBlocks(page: string): readonly Block[] {
  return [...page.matchAll(/^```console( cluster)?\n(.*?)^```$/gms)].flatMap(([, form, body = '']) =>
    body
      .split(/^\$ /m)
      .filter((part) => part !== '')
      .map((part): Block => {
        const [command = '', ...lines] = part.split('\n');
        return { form: form === undefined ? 'standalone' : 'cluster', command, lines: lines.filter(isShown) };
      }),
  );
}

const isShown = (line: string): boolean => line.trim() !== '' && line !== '…';

/** Lines of the page that are not, by their shape, among those printed. In any order: tables and headers come in none. */
export function linesMissing({ lines }: Block, output: string): readonly string[] {
  const shapes = new Set(output.split(/\r?\n/).map(shape));
  return lines.filter((line) => !shapes.has(shape(line)));
}

const uuid = /(?<![0-9a-zA-Z])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
const time = /(\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)?/g;
const duration = /(?<![\w.])(\d+(\.\d+)?(d|h|ms|m|s|µs|ns))+(?!\w)/g;
const size = /\d+(\.\d+)? ?[KMG]?i?B\b/g;
/** What NATS and we draw: 22 characters of base64, eight of anything, groups of replicas, inboxes. */
const drawn =
  /_INBOX[.\w]+|S-R3F-\w+|(?<![\w-])[\w-]{22}(?![\w-])|(?<=[dg]_)[\w-]{22}|(?<=-)[0-9a-f]{8}\b|(?<=│ )\w{8}(?= +│)/g;

function shape(line: string): string {
  return stripVTControlCharacters(line)
    .replaceAll(uuid, 'ID')
    .replaceAll(time, 'TIME')
    .replaceAll(duration, 'DURATION')
    .replaceAll(size, 'SIZE')
    .replaceAll(drawn, 'ID')
    .replaceAll(/\d+([,.]\d+)*/g, '#')
    .replaceAll('*', '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
