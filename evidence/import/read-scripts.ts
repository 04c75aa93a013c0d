// The rooms of a chat log, whole.
import { LIMITS } from '@parley/protocol';
import { BadLine, readIrcLog, type IrcLine } from '../irc/irc-log.ts';
import { messagesOf } from '../irc/cuts.ts';
import { toScript, type RoomScript } from '../irc/script.ts';

/** Throws BadLine, also when nobody says anything. */
export async function readScripts(data: string): Promise<readonly RoomScript[]> {
  const lines: IrcLine[] = [];
  for await (const line of readIrcLog(data)) lines.push(line);
  // The operator is a member, too.
  const rooms = [...Map.groupBy(lines, ({ room }) => room)];
  const scripts = rooms.map(([room, theirs]) => toScript(room, theirs, LIMITS.groupMembersMax - 1));
  if (messagesOf(scripts) === 0) throw new BadLine(`${data}: nobody says anything`);
  return scripts;
}
