// The limit of fan-out: uWebSockets.js alone, writing a frame of the same size to every socket, round after round, as fast as the
// sockets take them. Printed: its port.
import { createRequire } from 'node:module';
import type * as Library from 'uWebSockets.js';
import { nowUs } from '../load/stopwatch.ts';

const uWS = createRequire(import.meta.url)('uWebSockets.js') as typeof Library;

/** Of a frame of a 128-byte message, without its body. */
const envelope = {
  type: 'message',
  conversation_id: 'x'.repeat(38),
  message_id: '123456',
  sender_id: 'user',
  position: '1',
};
const filling = 'x'.repeat(112);
const waitingBytesMax = 64 * 1024;

const sockets = new Set<Library.WebSocket<object>>();
uWS
  .App()
  .ws<object>('/*', {
    maxBackpressure: 0,
    idleTimeout: 0,
    open: (socket) => void sockets.add(socket),
    close: (socket) => void sockets.delete(socket),
    message: () => void setImmediate(round),
  })
  .listen('127.0.0.1', 0, (token) => {
    if (token) process.send?.({ port: uWS.us_socket_local_port(token) });
  });

function round(): void {
  const frame = JSON.stringify({ ...envelope, body: String(nowUs()).padStart(16, '0') + filling });
  const isSlow = [...sockets].some((socket) => socket.getBufferedAmount() > waitingBytesMax);
  if (!isSlow) for (const socket of sockets) socket.send(frame);
  if (sockets.size > 0) setImmediate(round);
}
