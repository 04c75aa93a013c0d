// When to stop: a signal asks to; a second one, from someone who cannot wait, ends the process at once.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A terminal and npm may both pass one Ctrl-C on: what follows within this time is the same one. */
const sameSignalMs = 1_000;

export function stopSignal(process: NodeJS.Process): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const heard = (signal: NodeJS.Signals): void => {
      resolve(signal);
      setTimeout(() => SIGNALS.forEach((each) => process.off(each, heard)), sameSignalMs).unref();
    };
    for (const signal of SIGNALS) process.on(signal, heard);
  });
}
