// Loads uWebSockets.js and echoes one text and one binary message through Node's own WebSocket client: proof that the
// prebuilt addon works with this Node on this machine. Run by websockets.mjs under the chosen Node.
import uWS from 'uWebSockets.js';

const timeoutMs = 5_000;
const expected = ['hällo', '1,2,250'];

const timeout = setTimeout(() => fail(`no echo within ${timeoutMs} ms`), timeoutMs);
const app = uWS.App();
app.get('/', (response) => response.end('ok', true)); // and close: fetch would keep us waiting
app.ws('/*', { message: (socket, message, isBinary) => socket.send(message, isBinary) });
app.listen('127.0.0.1', 0, async (listening) => {
  if (!listening) fail('cannot listen on 127.0.0.1');
  const port = uWS.us_socket_local_port(listening);
  const body = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  const echoes = await echo(`ws://127.0.0.1:${port}/`);
  clearTimeout(timeout);
  uWS.us_listen_socket_close(listening);
  if (body !== 'ok' || echoes.join('|') !== expected.join('|')) fail(`wrong answers: ${body}, ${echoes.join('|')}`);
  console.log(`uWebSockets.js works with Node ${process.version}`);
});

function echo(url) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const received = [];
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => {
    socket.send(expected[0]);
    socket.send(new Uint8Array([1, 2, 250]));
  });
  socket.addEventListener('message', ({ data }) => {
    received.push(typeof data === 'string' ? data : new Uint8Array(data).join());
    if (received.length === expected.length) socket.close();
  });
  socket.addEventListener('close', () => resolve(received));
  socket.addEventListener('error', () => reject(new Error('the WebSocket failed')));
  return promise;
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
