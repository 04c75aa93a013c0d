// The series of one metric: a number per combination of labels. Labels may come from outside (close codes), so their number
// is bounded.

/** Changed in place, on hot paths, by whoever holds it. */
export interface Cell {
  value: number;
}

type LabelValues = Readonly<Record<string, string | number>>;

export interface Series {
  readonly cell: Cell;
  readonly labels: LabelValues;
}

/** Beyond it new combinations are counted together, under `other`. */
export const seriesMax = 2_000;

export class SeriesFamily {
  readonly #series = new Map<string, Series>();

  cell(labels: LabelValues): Cell {
    const key = Object.values(labels).join('\n');
    const known = this.#series.get(key);
    if (known !== undefined) return known.cell;
    return this.#series.size < seriesMax ? this.#add(key, labels) : this.#other(labels);
  }

  series(): Iterable<Series> {
    return this.#series.values();
  }

  #add(key: string, labels: LabelValues): Cell {
    const cell = { value: 0 };
    this.#series.set(key, { cell, labels });
    return cell;
  }

  #other(labels: LabelValues): Cell {
    const others = Object.fromEntries(Object.keys(labels).map((label) => [label, 'other']));
    return this.#series.get(otherKey)?.cell ?? this.#add(otherKey, others);
  }
}

/** No combination of labels makes it. */
const otherKey = '\n\n\n';
