// Several long readings side by side: what the next few begin with is made while the present ones are looked at.

/** Each reading's steps come in order, one reading after the other; as many as `width` have begun at once, and as many again. */
export async function* abreast<Id, Step>(
  ids: readonly Id[],
  width: number,
  open: (id: Id) => AsyncGenerator<Step>,
): AsyncGenerator<Step> {
  const begin = (from: number) => ids.slice(from, from + width).map((id) => begun(open(id)));
  let next = begin(0);
  for (let from = width; next.length > 0; from += width) {
    const present = next;
    next = begin(from);
    for (const { first, rest } of present) {
      for (let step = await first; !step.done; step = await rest.next()) yield step.value;
    }
  }
}

function begun<Step>(rest: AsyncGenerator<Step>) {
  const first = rest.next();
  first.catch(() => undefined); // whoever takes it is told
  return { first, rest };
}
