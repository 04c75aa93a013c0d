// Lines in and lines out. On a terminal what arrives is printed above the line that is being typed; with pipes it is plain
// text, so that scripts can chat.
import { clearLine, createInterface, cursorTo } from 'node:readline';

export interface Terminal extends Disposable {
  /** Ends when the input does. */
  readonly lines: AsyncIterable<string>;
  readonly print: (text: string) => void;
  /** What is shown before the line that is being typed, from the next print on. */
  readonly prompt: (text: string) => void;
}

export interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

export function openTerminal({ input, output }: TerminalStreams): Terminal {
  const isTyped = input.isTTY && output.isTTY;
  const readline = createInterface({ input, ...(isTyped ? { output, prompt: '> ' } : {}), terminal: isTyped });
  // Taken at once: lines that come before someone asks for them would be lost.
  const lines = readline[Symbol.asyncIterator]();
  const print = (text: string): void => {
    if (isTyped) {
      clearLine(output, 0);
      cursorTo(output, 0);
    }
    output.write(`${text}\n`);
    if (isTyped) readline.prompt(true);
  };
  return {
    lines: { [Symbol.asyncIterator]: () => lines },
    print,
    prompt: (text) => readline.setPrompt(text),
    [Symbol.dispose]: () => readline.close(),
  };
}
