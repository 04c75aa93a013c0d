#!/usr/bin/env node
// `parley`: the command line for users and operators.
import { buffer } from 'node:stream/consumers';
import { parseUserId, type UserId } from '@parley/domain';
import { describeEvent } from '@parley/infra/nats';
import { createWorld } from '@parley/infra/runtime';
import { Command, InvalidArgumentError } from 'commander';
import { runChat } from './chat/run-chat.ts';
import { openTerminal } from './chat/terminal.ts';

const program = new Command('parley').description('Parley: chat, and a look behind it.').showHelpAfterError();

program
  .command('chat')
  .description('chat in the terminal; /help there says how')
  .requiredOption('--user <id>', 'who you are', userId)
  .option('--url <url>', 'the server', baseUrl, new URL('ws://127.0.0.1:8080'))
  .option('--token <jwt>', 'an access token; without one the server is asked for a dev token')
  .action(async ({ user, url, token }: { user: UserId; url: URL; token?: string }) => {
    using terminal = openTerminal({ input: process.stdin, output: process.stdout });
    process.exitCode = await runChat({
      userId: user,
      baseUrl: url,
      ...(token === undefined ? {} : { token }),
      world: createWorld(),
      terminal,
    });
  });

program
  .command('decode')
  .description("one readable line for an event of the log: nats stream view CHAT_0 --translate 'parley decode'")
  .action(async () => {
    console.log(describeEvent(await buffer(process.stdin)));
  });

await program.parseAsync();

function userId(text: string): UserId {
  const id = parseUserId(text);
  if (id === undefined) throw new InvalidArgumentError('It must be 1 to 64 of the characters A-Z a-z 0-9 _ -.');
  return id;
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(ws|wss|http|https):$/.test(url.protocol)) {
    throw new InvalidArgumentError('It must be like ws://127.0.0.1:8080.');
  }
  return url;
}
