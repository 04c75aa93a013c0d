// How frames become bytes and back: one row per subprotocol. A frame for many sockets is encoded once per format.

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

/** In the order in which we prefer them. */
const FORMATS: readonly Format[] = [JSON_FORMAT];

export const formatOf = (offered: readonly string[]): Format | undefined =>
  FORMATS.find(({ subprotocol }) => offered.includes(subprotocol));

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
