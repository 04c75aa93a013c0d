// What a command ends with (docs/cli.md). Nothing is imported here: `parley decode` is started for every event of a stream.

export const EXIT = {
  done: 0,
  /** It did what it should, and found something; or it failed on the way. */
  found: 1,
  /** Wrong usage or configuration, or no system: nothing was tried. */
  notTried: 2,
  interrupted: 130,
  /** What the shell says of one who is ended by SIGPIPE: whoever read the answer, like `head`, had enough. */
  readerLeft: 141,
} as const;
