// What the tools' command lines have in common: numbers that are numbers, and an exit code of its own for what could not be tried
// (1 says that something was tried and was not as it should be).
import { Command, InvalidArgumentError } from 'commander';

export const NOT_TRIED = 2;

export const wholeNumber = (text: string): number => {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
};

export const countOf = (text: string): number => {
  const count = wholeNumber(text);
  if (count > 0) return count;
  throw new InvalidArgumentError('It must be at least 1.');
};

export const tool = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : NOT_TRIED));
