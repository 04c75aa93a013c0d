// Calls that wait together share one request, sent after all of them had been made: what it answers is at least as new as
// each call.

export function coalesce<Key, Result>(run: (key: Key) => Promise<Result>): (key: Key) => Promise<Result> {
  const running = new Map<Key, Promise<unknown>>();
  const next = new Map<Key, Promise<Result>>();

  const start = (key: Key): Promise<Result> => {
    next.delete(key);
    const result = run(key);
    const ended = result.then(noop, noop).then(() => {
      if (running.get(key) === ended) running.delete(key);
    });
    running.set(key, ended);
    return result;
  };

  return (key) => {
    const waiting = next.get(key);
    if (waiting) return waiting;
    const result = (running.get(key) ?? Promise.resolve()).then(() => start(key));
    next.set(key, result);
    return result;
  };
}

/** Those who asked hear of a failure; the queue behind them only waits for the end. */
const noop = (): void => undefined;
