// How frames become bytes and back: one row per subprotocol. A frame for many sockets is encoded once per format.
import { decodeMessagePack, encodeMessagePack } from './message-pack.ts';

export interface Format {
  /** The WebSocket subprotocol that chooses it. */
  readonly subprotocol: string;
  readonly isBinary: boolean;
  encode(frame: object): Uint8Array;
  /** Throws on what is not in this format. */
  decode(bytes: ArrayBuffer): unknown;
}

export const JSON_FORMAT: Format = {
  subprotocol: 'chat.v1',
  isBinary: false,
  encode: (frame) => Buffer.from(JSON.stringify(frame)),
  decode: (bytes): unknown => JSON.parse(Buffer.from(bytes).toString()),
};

const MESSAGE_PACK_FORMAT: Format = {
  subprotocol: 'chat.v1.msgpack',
  isBinary: true,
  encode: encodeMessagePack,
  decode: decodeMessagePack,
};

const FORMATS: readonly Format[] = [JSON_FORMAT, MESSAGE_PACK_FORMAT];

/** For a refusal. */
export const subprotocolsSpoken = FORMATS.map(({ subprotocol }) => subprotocol).join(' or ');

/** The first of ours: clients offer "ordered by preference" (RFC 6455 section 4.1). */
export function formatOf(offered: readonly string[]): Format | undefined {
  const named = offered.find((name) => FORMATS.some(({ subprotocol }) => subprotocol === name));
  return FORMATS.find(({ subprotocol }) => subprotocol === named);
}

/** One frame's bytes in whatever formats its readers want. */
export interface Encoded {
  in(format: Format): Uint8Array;
}

export function encodeOnce(frame: object): Encoded {
  const known = new Map<Format, Uint8Array>();
  return {
    in(format) {
      const before = known.get(format);
      if (before !== undefined) return before;
      const bytes = format.encode(frame);
      known.set(format, bytes);
      return bytes;
    },
  };
}
