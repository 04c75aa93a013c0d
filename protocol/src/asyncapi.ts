// The AsyncAPI 3.0 document of the WebSocket, from the tables of frames. Served at /asyncapi.json.
import type { TSchema } from 'typebox';
import { CLIENT_FRAMES, type ClientFrameType } from './client-frames.ts';
import { CLOSE } from './errors.ts';
import { ConnectQuerySchema } from './connect.ts';
import { createComponents, type Components, type JsonObject } from './json-schema.ts';
import { SERVER_FRAMES, type ServerFrameType } from './server-frames.ts';
import type { DocumentInfo } from './openapi.ts';

/** What answers each frame, besides `error`. */
const REPLIES: Readonly<Record<ClientFrameType, readonly ServerFrameType[]>> = {
  send: ['ack'],
  resume: ['history', 'resumed', 'resume_failed'],
  ping: ['pong'],
  auth: ['authed'],
};

/** `receive` is what the server receives: the document speaks for the gateway. */
export function buildAsyncApi({ version, url }: DocumentInfo): JsonObject {
  const components = createComponents();
  const { protocol, host } = new URL(url);
  const frames: Readonly<Record<string, TSchema>> = { ...CLIENT_FRAMES, ...SERVER_FRAMES };
  const messages = Object.fromEntries(
    Object.entries(frames).map(([type, schema]) => [type, message(type, schema, components)]),
  );
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Parley chat.v1',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      gateway: {
        host,
        protocol: protocol === 'https:' ? 'wss' : 'ws',
        description: 'Any gateway: all are alike.',
        security: [{ $ref: '#/components/securitySchemes/bearer' }],
      },
    },
    channels: { session: channel(Object.keys(frames), components) },
    operations: {
      ...Object.fromEntries(clientTypes.map((type) => [`receive_${type}`, receive(type)])),
      push: { action: 'send', summary: 'What comes without being asked.', ...ofSession(PUSHED) },
    },
    components: {
      messages,
      schemas: components.schemas(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

const clientTypes = Object.keys(CLIENT_FRAMES) as readonly ClientFrameType[];
const replyTypes = new Set<string>(Object.values(REPLIES).flat());
const PUSHED = Object.keys(SERVER_FRAMES).filter((type) => !replyTypes.has(type));

const DESCRIPTION = [
  'Objects as JSON text frames (subprotocol `chat.v1`), or the same objects as MessagePack binary frames (`chat.v1.msgpack`). Unknown fields are ignored; an unknown frame gets `error` `unknown_frame`.',
  '',
  'Close codes:',
  '',
  ...Object.values(CLOSE).map(({ code, reason, text }) => `- ${code} ${reason}: ${text}`),
].join('\n');

const message = (type: string, schema: TSchema, components: Components): JsonObject => ({
  name: type,
  payload: components.refer(schema),
});

const channel = (types: readonly string[], components: Components): JsonObject => ({
  address: '/v1/ws',
  description: 'One session of one device.',
  messages: Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${type}` }])),
  bindings: { ws: { query: components.refer(ConnectQuerySchema), bindingVersion: '0.1.0' } },
});

const receive = (type: ClientFrameType): JsonObject => ({
  action: 'receive',
  summary: `The client sends \`${type}\`.`,
  ...ofSession([type]),
  reply: ofSession([...REPLIES[type], 'error']),
});

const ofSession = (types: readonly string[]): JsonObject => ({
  channel: { $ref: '#/channels/session' },
  messages: types.map((type) => ({ $ref: `#/channels/session/messages/${type}` })),
});
