// uWebSockets.js with room for our headers. It takes 4 KiB of them unless told otherwise, in its environment, before it is
// loaded; a token alone may have that (`limits.tokenBytesMax`), and longer ones want our 401, not its 431.
import process from 'node:process';

/** A token of the greatest size, twice: in `Authorization` and among the subprotocols. */
const headerBytesMax = 16 * 1024;

// The library has no other way to be told. Whoever set it knows better.
process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(headerBytesMax);

export const { default: uWS } = await import('uWebSockets.js');
