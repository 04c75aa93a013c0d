// `parley`: the command line for users and operators. What a command needs is loaded when it runs: `decode` is started for
// every event of a stream.
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import { Command, InvalidArgumentError } from 'commander';
import { addOperatorCommands } from './operator/commands.ts';
import { EXIT } from './operator/exit.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.readerLeft);
});

const program = new Command('parley')
  .description('Parley: chat, and a look behind it.')
  .showHelpAfterError()
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.done : EXIT.notTried));

program
  .command('chat')
  .description('chat in the terminal; /help there says how')
  .requiredOption('--user <id>', 'who you are')
  .option('--url <url>', 'the server; PARLEY_PORT names another port', baseUrl, defaultUrl())
  .option('--token <jwt>', 'an access token; without one the server is asked for a dev token')
  .action(chat);

program
  .command('decode')
  .description(
    "one readable line for an event of the log: nats stream view CHAT_0 --translate 'npm run -s parley -- decode'",
  )
  .action(async () => {
    const { describeEvent } = await import('@parley/infra/nats');
    console.log(describeEvent(await buffer(process.stdin)));
  });

program
  .command('setup')
  .description('create the streams of a fleet; its servers are named as for its processes (docs/configuration.md)')
  .action(async () => {
    const { setup } = await import('./setup.ts');
    process.exitCode = await setup(process.env);
  });

addOperatorCommands(program, process.env);

await program.parseAsync();
// All is said and closed: what a library still waits for (a driver, to call a server again that was away) holds nobody up.
for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
process.exit();

interface ChatFlags {
  readonly user: string;
  readonly url: URL;
  readonly token?: string;
}

async function chat({ user, url, token }: ChatFlags, command: Command): Promise<void> {
  const { parseUserId } = await import('@parley/domain');
  const userId = parseUserId(user);
  if (userId === undefined) command.error(`error: --user "${user}" must be 1 to 64 of the characters A-Z a-z 0-9 _ -.`);
  const { createWorld } = await import('@parley/infra/runtime');
  const { runChat } = await import('./chat/run-chat.ts');
  const { openTerminal } = await import('./chat/terminal.ts');
  using terminal = openTerminal({ input: process.stdin, output: process.stdout });
  const options = { userId, baseUrl: url, world: createWorld(), terminal };
  process.exitCode = await runChat(token === undefined ? options : { ...options, token });
}

/** Where `npm start` listens with the same environment; a port it may choose freely (0) cannot be known. */
function defaultUrl(): URL {
  const port = Number(process.env['PARLEY_PORT']);
  const isPort = Number.isInteger(port) && port > 0 && port < 2 ** 16;
  return new URL(`ws://127.0.0.1:${isPort ? port : 8080}`);
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(ws|wss|http|https):$/.test(url.protocol)) {
    throw new InvalidArgumentError('It must be like ws://127.0.0.1:8080.');
  }
  return url;
}
