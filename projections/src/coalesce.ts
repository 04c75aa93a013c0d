// Requests that wait together share one: a call joins the next run, never one that began before the call was made, so
// what it gets is at least as new as the call.

/** `run(key)` for every call, at most one at a time for a key. */
export function coalesce<Key, Result>(run: (key: Key) => Promise<Result>): (key: Key) => Promise<Result> {
  const current = new Map<Key, Promise<unknown>>();
  const next = new Map<Key, Promise<Result>>();

  const begin = (key: Key): Promise<Result> => {
    const result = run(key).finally(() => {
      if (current.get(key) === result) current.delete(key);
    });
    current.set(key, result);
    return result;
  };

  return (key) => {
    const waiting = next.get(key);
    if (waiting) return waiting; // also when the run before it has just ended
    const running = current.get(key);
    if (!running) return begin(key);
    const queued = running
      .catch(() => undefined) // its own callers hear of it
      .then(() => {
        next.delete(key);
        return begin(key);
      });
    next.set(key, queued);
    return queued;
  };
}
