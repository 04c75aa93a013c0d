// The demo from beginning to end: read a log, start a server of its own, replay, compare, tell.
import { seeded, type Entry } from '@parley/proof';
import { LIMITS } from '@parley/protocol';
import { StandaloneProcess } from '@parley/standalone/testing';
import { tellSeen } from './compare.ts';
import { messagesOf, planCuts } from './cuts.ts';
import { BadLine, readIrcLog, type IrcLine } from './irc-log.ts';
import { judge } from './judge.ts';
import { Replay } from './replay.ts';
import { differencesIn, tellFindings } from './report.ts';
import { openScreen, type Output } from './screen.ts';
import { chooseRooms, toScript, type RoomScript } from './script.ts';

export interface DemoOptions {
  readonly data: string;
  readonly rooms: number;
  readonly messages: number;
  /** Infinite: as fast as acks allow. */
  readonly speed: number;
  readonly seed: number;
  readonly output: Output;
  /** Rejects when somebody has seen enough. */
  readonly interrupted: Promise<never>;
  /** The server goes when this resolves. */
  readonly beforeEnd?: (server: StandaloneProcess) => Promise<unknown>;
  /** Tests alter here what was seen. */
  readonly beforeJudging?: (replay: Replay) => void;
}

/** Resolves with the exit code: 1 when anything anybody saw differs from the log. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { data, output, seed, speed } = options;
  const print = (line: string): void => void output.write(`${line}\n`);
  const scripts = await readScripts(options);
  const messages = messagesOf(scripts);
  print(`${messages.toLocaleString('en-US')} messages in ${scripts.length} rooms of ${data}; seed ${seed}`);
  const random = seeded(seed);
  await using server = await StandaloneProcess.start();
  const cuts = planCuts(scripts, random);
  await using replay = new Replay({ server, scripts, cuts, killAtMessage: Math.ceil(messages / 2), speed });
  const startedMs = performance.now();
  await Promise.race([runOnScreen(replay, output), options.interrupted]);
  const tookMs = performance.now() - startedMs;
  options.beforeJudging?.(replay);
  const findings = await judge(server, replay, random);
  for (const line of tellFindings(findings, {
    ...replay.played,
    tookMs,
    leftOut: scripts.map(({ leftOut }) => leftOut),
  })) {
    print(line);
  }
  await options.beforeEnd?.(server);
  return differencesIn(findings).length === 0 ? 0 : 1;
}

async function readScripts({ data, rooms, messages }: DemoOptions): Promise<readonly RoomScript[]> {
  const lines: IrcLine[] = [];
  for await (const line of readIrcLog(data)) lines.push(line);
  const chosen = chooseRooms(lines, { rooms, messages });
  // The operator is a member, too.
  const scripts = [...chosen].map(([room, theirs]) => toScript(room, theirs, LIMITS.groupMembersMax - 1));
  if (messagesOf(scripts) === 0) throw new BadLine(`${data}: nobody says anything`);
  return scripts;
}

async function runOnScreen(replay: Replay, output: Output): Promise<void> {
  using screen = openScreen({ output, rooms: replay.lengths, progress: () => replay.progress });
  await replay.run((room: string, entry: Entry) => screen.heard(room, tellSeen(entry)));
}
