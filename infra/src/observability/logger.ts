// Log lines: one JSON object each, on stderr, because stdout belongs to what a program has to say. Tokens never get into one.
import type { World } from '@parley/domain';
import { destination, pino, stdSerializers, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  readonly world?: Pick<World, 'now'>;
  /** stderr when not given; written at once, so that the last words of a process are not lost. */
  readonly to?: DestinationStream;
}

const stderr = 2;
const censored = ['token', 'secret', 'authorization', 'cookie', '["sec-websocket-protocol"]'];

export function createLogger({ level, world, to }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: world === undefined ? stdTimeFunctions.epochTime : () => `,"time":${world.now()}`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err },
      redact: {
        paths: censored.flatMap((name) => [name, name.startsWith('[') ? `*${name}` : `*.${name}`]),
        censor: '[redacted]',
      },
    },
    to ?? destination({ dest: stderr, sync: true }),
  );
}
