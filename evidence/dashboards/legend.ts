// How much of a legend fits below a panel. ECharts has no font to measure with where there is no browser, and nobody knows the
// reader's: what is assumed here is a little more than common ones need, so that names do not overlap.
import { setPlatformAPI } from 'echarts';

const fontPixels = 12;
/** Of a character, in font sizes. */
const characterWidth = 0.6;
/** The coloured line before a name, and the space after it. */
const iconPixels = 20;
export const legendGapPixels = 12;
export const legendRowPixels = 16;
const rowsMax = 2;

setPlatformAPI({ measureText: (text, font) => ({ width: text.length * characterWidth * sizeOf(font) }) });

const sizeOf = (font = ''): number => Number(/([\d.]+)px/.exec(font)?.[1] ?? fontPixels);

export interface Legend {
  readonly names: readonly string[];
  readonly rows: number;
}

/** The first of the names: as many as there is room for. */
export function fitLegend(names: readonly string[], widthPixels: number): Legend {
  let [count, rows, used] = [0, 1, 0];
  for (const name of names) {
    const needed = iconPixels + name.length * characterWidth * fontPixels;
    if (used > 0 && used + needed > widthPixels) [rows, used] = [rows + 1, 0];
    if (rows > rowsMax) break;
    used += needed + legendGapPixels;
    count++;
  }
  return { names: names.slice(0, count), rows: Math.min(rows, rowsMax) };
}
