// One connection of the load generator: as cheap as a client can be. It keeps nothing and mends nothing; what breaks, breaks the run.
import { WebSocket } from 'ws';

export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ChatSocket {
  send(frame: object): void;
  /** Takes the place of the one before. The last frame is `closed`, of our own making. */
  onFrame(listener: (frame: Frame) => void): void;
  close(): void;
}

export interface Address {
  readonly url: string;
  readonly token: string;
}

/** Open and greeted; frames that come before somebody listens wait. */
export function openSocket({ url, token }: Address): Promise<ChatSocket> {
  const socket = new WebSocket(url, ['chat.v1', `bearer.${token}`], {
    perMessageDeflate: false,
    skipUTF8Validation: true,
  });
  let listener: ((frame: Frame) => void) | undefined;
  const early: Frame[] = [];
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => (reject(new Error(`closed with ${code}`)), hear({ type: 'closed', code })));
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1'); // what is read of it is ASCII
      const frame = text.startsWith(liveMessage) ? toLiveMessage(text) : (JSON.parse(text) as Frame);
      if (frame.type === 'hello') return resolve(opened);
      hear(frame);
    });
    const hear = (frame: Frame): void => void (listener ? listener(frame) : early.push(frame));
    const opened: ChatSocket = {
      send: (frame) => socket.send(JSON.stringify(frame)),
      onFrame(next) {
        listener = next;
        for (const frame of early.splice(0)) next(frame);
      },
      close() {
        listener = () => undefined;
        socket.terminate();
      },
    };
  });
}

const liveMessage = '{"type":"message"';

/** Its two fields that a listener looks at: parsing all of every copy would make the generator dearer than the server. */
const toLiveMessage = (text: string): Frame => ({
  type: 'message',
  sender_id: fieldOf(text, '"sender_id":"'),
  body: fieldOf(text, '"body":"'),
});

function fieldOf(text: string, name: string): string {
  const from = text.indexOf(name) + name.length;
  return text.slice(from, text.indexOf('"', from));
}
