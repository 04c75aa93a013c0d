// What a process exposes to Prometheus, read as Prometheus would: text format 0.0.4.

export interface Series {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** Of the admin port at this address. */
export async function scrape(admin: string): Promise<readonly Series[]> {
  const response = await fetch(`${admin}/metrics`);
  if (!response.ok) throw new Error(`${admin}/metrics: ${response.status}`);
  return readScrape(await response.text());
}

/** Throws at a line that is none. */
function readScrape(text: string): readonly Series[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined) throw new Error(`not a sample: ${line}`);
    const pairs = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text] as const);
    return { name, labels: new Map(pairs), value: Number(value) };
  });
}
