// A Chromium for tests of the page: the one that PARLEY_TEST_CHROMIUM names, else the machine's own, else the one for Linux
// on x64 that the npm package @sparticuz/chromium carries, which needs nothing of the machine but its C library.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { chromium, type Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
const macApplication = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
/** Git-ignored, and kept: unpacking takes three seconds and 210 MB. */
const runtimeDir = path.join(import.meta.dirname, '..', '..', '..', '.runtime');
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  // Else a GPU process dies again and again over a rasterizer that the npm one has not unpacked, at times with the browser.
  '--disable-software-rasterizer',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
];

/** The package's own names folders of AWS; a Chromium without any font dies over the first input field. */
const fontsConfiguration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

interface Program {
  readonly executablePath: string;
  readonly env?: Record<string, string>;
}

/** The first that starts: what is found may not run, as Ubuntu's `chromium-browser` without its snap. */
export async function launchChromium(): Promise<Browser> {
  const failures: unknown[] = [];
  const named = process.env['PARLEY_TEST_CHROMIUM'];
  for (const program of named ? [() => ({ executablePath: named })] : [...installed(), packed]) {
    try {
      return await chromium.launch({ ...program(), args });
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(
    failures,
    'The page is tested in Chromium: install the package "chromium" or Google Chrome, or name a binary that runs in PARLEY_TEST_CHROMIUM.',
  );
}

function installed(): readonly (() => Program)[] {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter(Boolean);
  const files = [...names.flatMap((name) => folders.map((folder) => path.join(folder, name))), macApplication];
  return files.filter((file) => existsSync(file)).map((executablePath) => () => ({ executablePath }));
}

function packed(): Program {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('@sparticuz/chromium is for Linux on x64');
  const folder = unpack();
  const [libraries, fonts] = [path.join(folder, 'al2023', 'lib'), path.join(folder, 'fonts')];
  const inherited = Object.entries(process.env).filter(([, value]) => value !== undefined);
  return {
    executablePath: path.join(folder, 'chromium'),
    env: { ...Object.fromEntries(inherited), LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: fonts },
  };
}

/** Not by the package's own code: that puts things under fixed names into /tmp, and its libraries only on AWS. */
function unpack(): string {
  const packageDir = fileURLToPath(new URL('..', import.meta.resolve('@sparticuz/chromium')));
  const { version } = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8'));
  const folder = path.join(runtimeDir, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(runtimeDir, { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  try {
    const content = (name: string): Buffer => brotliDecompressSync(readFileSync(path.join(packageDir, 'bin', name)));
    writeFileSync(path.join(unfinished, 'chromium'), content('chromium.br'), { mode: 0o755 });
    for (const name of ['al2023', 'fonts']) extract(content(`${name}.tar.br`), path.join(unfinished, name));
    writeFileSync(path.join(unfinished, 'fonts', 'fonts.conf'), fontsConfiguration);
    renameSync(unfinished, folder);
  } catch (error) {
    // Another process may have been quicker.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

function extract(archive: Buffer, folder: string): void {
  mkdirSync(folder);
  const { error, status, stderr } = spawnSync('tar', ['-x', '--no-same-owner', '-C', folder], { input: archive });
  if (status !== 0) throw new Error(`cannot unpack into ${folder}: ${String(error ?? stderr)}`);
}
