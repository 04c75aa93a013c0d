// Many connections that do nothing: what an idle one costs is read off the server meanwhile.
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { openSocket } from './chat-socket.ts';
import { inSlices } from './slices.ts';
import { signToken } from './tokens.ts';

export interface Hold {
  readonly url: string;
  readonly connections: number;
  /** Of Parley's users; without, bare sockets. */
  readonly asUsers: boolean;
  readonly seconds: number;
}

export interface HoldResult {
  readonly opened: number;
}

const opensAtOnce = 100;

export async function holdConnections({ url, connections, asUsers, seconds }: Hold): Promise<HoldResult> {
  const numbers = Array.from({ length: connections }, (_, index) => index);
  const open = (number: number): Promise<unknown> =>
    asUsers ? openSocket({ url, token: signToken(`idle-${number}`) }) : openBare(url);
  const opened = await inSlices(numbers, opensAtOnce, open);
  process.send?.({ ready: true });
  await pause(seconds * 1_000);
  return { opened: opened.length };
}

export function openBare(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}
