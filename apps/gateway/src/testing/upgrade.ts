// A WebSocket upgrade asked for by hand: what the WebSocket client hides is the status, and what browsers may not set is headers.
import { request, type ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export interface UpgradeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export function upgrade(url: string, headers: Readonly<Record<string, string>>, query = ''): Promise<UpgradeAnswer> {
  const asking = ask(url, headers, query);
  return new Promise((resolve, reject) => {
    asking.on('error', reject);
    asking.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: 101, headers: response.headers, body: '' });
    });
    asking.on('response', (response) => {
      const status = response.statusCode ?? 0;
      text(response).then((body) => resolve({ status, headers: response.headers, body }), reject);
    });
    asking.end();
  });
}

/** A socket that was upgraded and reads nothing, so answers no ping, until it is told to. */
export function upgradeSilently(url: string, token: string): Promise<SilentSocket> {
  const asking = ask(url, { authorization: `Bearer ${token}` }, '');
  return new Promise((resolve, reject) => {
    asking.on('error', reject);
    asking.on('upgrade', (_, socket: Socket) => {
      socket.pause();
      resolve({ closeCode: () => readCloseCode(socket), [Symbol.dispose]: () => socket.destroy() });
    });
    asking.end();
  });
}

export interface SilentSocket extends Disposable {
  /** Reads on to the end, and gives the code in the last frame. */
  closeCode(): Promise<number>;
}

async function readCloseCode(socket: Socket): Promise<number> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: true })) {
    chunks.push(chunk);
    const code = closeCodeAtEnd(Buffer.concat(chunks.slice(-2)));
    if (code !== undefined) return code;
  }
  throw new Error('the connection ended without a close frame');
}

/** A close frame: opcode 8, a length, a code of two bytes, a reason of the rest (RFC 6455 §5.5.1). */
function closeCodeAtEnd(bytes: Buffer): number | undefined {
  const start = bytes.lastIndexOf(0x88);
  const isWhole = start >= 0 && bytes[start + 1] === bytes.length - start - 2;
  return isWhole ? bytes.readUInt16BE(start + 2) : undefined;
}

const ask = (url: string, headers: Readonly<Record<string, string>>, query: string): ClientRequest =>
  request(`${url}/v1/ws${query}`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  });
