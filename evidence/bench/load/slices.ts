/** `task` of each, so many at a time, in order. */
export async function inSlices<T, R>(items: readonly T[], atOnce: number, task: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += atOnce) {
    results.push(...(await Promise.all(items.slice(from, from + atOnce).map((item) => task(item)))));
  }
  return results;
}
