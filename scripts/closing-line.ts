// A test reporter that closes the run with one line, `N passed, N failed`, after everything else has been printed.
// A file that could not be read and an error outside every test each count as one failure.
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  #line = '0 passed, 0 failed';

  onInit(): void {
    process.once('exit', () => console.log(this.#line));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    this.#line = closingLine(modules.map(tally), unhandledErrors.length);
  }
}

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function tally(module: TestModule): Tally {
  const count = (state: 'passed' | 'failed' | 'skipped'): number => [...module.children.allTests(state)].length;
  const failed = count('failed');
  const failedOutsideTests = failed === 0 && module.state() === 'failed' ? 1 : 0;
  return { passed: count('passed'), failed: failed + failedOutsideTests, skipped: count('skipped') };
}

function closingLine(tallies: readonly Tally[], unhandledErrors: number): string {
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, one) => total + of(one), 0);
  const skipped = sum((one) => one.skipped);
  const line = `${sum((one) => one.passed)} passed, ${sum((one) => one.failed) + unhandledErrors} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
