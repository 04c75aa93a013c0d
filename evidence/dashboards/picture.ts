// A dashboard as one SVG: each panel where its grid says, drawn by Apache ECharts (docs/adr/0014-pictures-by-echarts.md). Panels are
// asked and answered before; nothing here knows Prometheus.
import { init, type EChartsOption, type SeriesOption, type TitleComponentOption } from 'echarts';
import type { Dashboard, GridPosition, Panel } from './dashboard.ts';
import { fitLegend, legendGapPixels, legendRowPixels } from './legend.ts';
import { withUnit } from './units.ts';

export interface Line {
  readonly legend: string;
  /** Seconds since the picture's beginning. */
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

/** Something that was done meanwhile. */
export interface Mark {
  readonly seconds: number;
  readonly what: string;
}

export interface Span {
  readonly seconds: number;
  readonly stepSeconds: number;
  readonly marks: readonly Mark[];
}

export interface DrawnPanel extends Pick<Panel, 'title' | 'gridPos' | 'fieldConfig'> {
  readonly lines: readonly Line[];
}

const columnPixels = 50;
const rowPixels = 30;
const columns = 24;
const gapPixels = 8;
const headPixels = 64;
const font = 'font-family="sans-serif"';

export function drawDashboard({ title }: Pick<Dashboard, 'title'>, panels: readonly DrawnPanel[], span: Span): string {
  const bottom = Math.max(...panels.map(({ gridPos }) => rectangleOf(gridPos).bottom));
  const [width, height] = [columns * columnPixels + gapPixels, bottom + gapPixels];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="#f4f5f5"/>`,
    `<text x="16" y="28" font-size="20" font-weight="bold" ${font}>${escaped(title)}</text>`,
    `<text x="16" y="51" font-size="13" fill="#555" ${font}>${escaped(tellMarks(span.marks))}</text>`,
    ...panels.map((panel) => placed(panel, span)),
    '</svg>\n',
  ].join('\n');
}

const tellMarks = (marks: readonly Mark[]): string =>
  marks.map(({ seconds, what }, index) => `${index + 1} at ${clock(seconds)}: ${what}`).join('  ·  ');

/** In pixels. */
export function rectangleOf({ x, y, w, h }: GridPosition) {
  const [left, top] = [gapPixels + x * columnPixels, headPixels + y * rowPixels];
  const [width, height] = [w * columnPixels - gapPixels, h * rowPixels - gapPixels];
  return { left, top, width, height, bottom: top + height };
}

function placed(panel: DrawnPanel, span: Span): string {
  const { left, top, width, height } = rectangleOf(panel.gridPos);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(optionOf(panel, span));
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return `<g transform="translate(${left} ${top})">${inTenths(drawn)}</g>`;
}

/** Nobody sees less than a tenth of a pixel, and files are half as large. */
const inTenths = (svg: string): string =>
  svg.replaceAll(/ d="[^"]*"/g, (drawn) => drawn.replaceAll(/([.]\d)\d+/g, '$1'));

function optionOf(panel: DrawnPanel, span: Span): EChartsOption {
  const lines = panel.lines.filter(({ points }) => points.length > 0);
  const legend = fitLegend(
    lines.map(({ legend }) => legend),
    rectangleOf(panel.gridPos).width - 2 * sidePixels,
  );
  const marks = lines.length === 0 ? [] : [drawnMarks(span.marks)];
  return {
    animation: false,
    backgroundColor: '#fff',
    title: [heading(panel.title), ...notes(lines.length, legend.names.length)],
    grid: { left: 76, right: 18, top: 42, bottom: 32 + legend.rows * legendRowPixels },
    xAxis: { type: 'value', min: 0, max: span.seconds, interval: 60, axisLabel: { formatter: clock }, splitLine },
    yAxis: {
      type: 'value',
      axisLabel: { formatter: withUnit(panel.fieldConfig.defaults.unit) },
      splitLine,
      ...scaleOf(panel),
    },
    legend: {
      data: [...legend.names],
      left: sidePixels,
      right: sidePixels,
      bottom: 4,
      padding: 0,
      itemWidth: 14,
      itemHeight: 3,
      itemGap: legendGapPixels,
      icon: 'rect',
    },
    series: [...lines.map((line) => drawnLine(line, span)), ...marks],
  };
}

const sidePixels = 12;
const splitLine = { lineStyle: { color: '#e8e8e8' } };
const heading = (text: string) => ({ text, left: 10, top: 8, textStyle: { fontSize: 14 } });

function notes(lines: number, named: number): TitleComponentOption[] {
  const textStyle = { fontSize: 12, fontWeight: 'normal', color: '#777' } as const;
  // As Grafana says it.
  if (lines === 0)
    return [{ text: 'No data', left: 'center', top: 'middle', textStyle: { ...textStyle, fontSize: 16 } }];
  return lines === named
    ? []
    : [{ text: `${lines} lines, ${named} of them named`, right: sidePixels, top: 10, textStyle }];
}

/** Sizes in bytes are cut at powers of two, as their unit is. */
function scaleOf({ fieldConfig, lines }: DrawnPanel) {
  const { unit, min = 0 } = fieldConfig.defaults;
  const highest = Math.max(...lines.flatMap(({ points }) => points.map(([, value]) => value)));
  if (unit !== 'bytes' || highest <= 0) return { min };
  const interval = 2 ** Math.ceil(Math.log2(highest / axisSteps));
  return { min, interval, max: Math.ceil(highest / interval) * interval };
}

const axisSteps = 5;

function drawnLine({ legend, points }: Line, { seconds, stepSeconds }: Span): SeriesOption {
  const steps = Array.from({ length: Math.floor(seconds / stepSeconds) + 1 }, (_, step) => step * stepSeconds);
  const values = new Map(points);
  return {
    type: 'line',
    name: legend,
    lineStyle: { width: 1.5 },
    symbolSize: 3,
    data: steps.map((at) => ({
      value: [at, values.get(at) ?? '-'],
      // Between two gaps there is no line to be seen.
      symbol: values.has(at - stepSeconds) || values.has(at + stepSeconds) ? 'none' : 'circle',
    })),
  };
}

const drawnMarks = (marks: readonly Mark[]): SeriesOption => ({
  type: 'line',
  data: [],
  markLine: {
    symbol: 'none',
    lineStyle: { color: '#c4162a', type: 'dashed', width: 1 },
    label: { formatter: ({ dataIndex }) => `${dataIndex + 1}`, color: '#c4162a', distance: 2 },
    data: marks.map(({ seconds }) => ({ xAxis: seconds })),
  },
});

/** Minutes and seconds. */
const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
