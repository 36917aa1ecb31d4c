// Options of uPlot: what a chart of ours looks like, in the colours of the page.

import { axisUnits, rangeOf, tickLabels, unitsOn } from "./axes.js";
import { timeLabels } from "./ticks.js";

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const FONT_SIZE = 12;
const COLOURS = 8;

/** Colours of the page as they are now: of lines, of the grid and of text. */
export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    lines: Array.from({ length: COLOURS }, (_, index) => colour(`--line-${index}`)),
    grid: colour("--chart-grid"),
    text: colour("--quiet"),
  };
}

/** The colour of line number `index`. */
export const lineColour = (colours, index) => colours.lines[index % COLOURS];

/**
 * @param {object} chart {lines, band, width, height, start, end, onZoom, onCursor, colours, fontSize}
 * @returns {object} what uPlot's constructor takes
 */
export function plotOptions({ lines, band, width, height, start, end, onZoom, onCursor, colours, fontSize = FONT_SIZE }) {
  const axes = ["left", "right"].filter((axis) => unitsOn(lines, axis).length);
  const scales = { x: { time: true, auto: false, range: (plot, low, high) => [low ?? start, high ?? end] } };
  for (const axis of axes) scales[axis] = { range: rangeOf };
  return {
    width,
    height,
    scales,
    legend: { show: false },
    padding: [10, axes.includes("right") ? 0 : 14, 0, 0],
    cursor: {
      drag: { x: true, y: false, setScale: false, dist: 5 },
      y: false,
      points: { size: (plot, index) => (plot.series[index].width ? 8 : 0) },
      dataIdx: nearest,
      bind: { dblclick: () => null },
    },
    series: [{}, ...lines.flatMap((line, index) => seriesOf(line, lineColour(colours, index), band))],
    bands: band ? lines.map((_, index) => bandOf(index, lineColour(colours, index))) : [],
    axes: [timeAxis(colours, fontSize), ...axes.map((axis, index) => valueAxis(axis, unitsOn(lines, axis), colours, fontSize, index === 0))],
    hooks: { setSelect: [(plot) => select(plot, onZoom)], setCursor: [onCursor], draw: [onCursor] },
  };
}

function seriesOf(line, colour, band) {
  const average = {
    scale: line.axis,
    stroke: colour,
    width: 1.6,
    points: { show: () => false, size: 5, fill: colour, width: 0, filter: alone },
  };
  // The numbers of a band set the range too, and are drawn as its fill only.
  const edge = { scale: line.axis, stroke: colour, width: 0, points: { show: false } };
  return band ? [edge, average, { ...edge }] : [average];
}

function bandOf(index, colour) {
  return { series: [index * 3 + 3, index * 3 + 1], fill: `${colour}30` };
}

/** Points between two gaps: no line goes through them, so they get a dot. */
function alone(plot, index) {
  const values = plot.data[index];
  const [first, last] = plot.series[0].idxs;
  const found = [];
  let before = null;
  let place = -1;
  let count = 0;
  const close = () => {
    if (count === 1) found.push(place);
    count = 0;
  };
  for (let each = first; each <= last; each += 1) {
    before = values[each];
    if (before === null) close();
    else if (before !== undefined) {
      place = each;
      count += 1;
    }
  }
  close();
  return found;
}

/** The row that the cursor reads: the nearest one at which the line has a number. */
function nearest(plot, index, row) {
  const values = plot.data[index];
  if (!index || values[row] !== undefined) return row;
  for (let away = 1; away < 60; away += 1) {
    if (values[row - away] !== undefined) return row - away;
    if (values[row + away] !== undefined) return row + away;
  }
  return row;
}

function timeAxis(colours, fontSize) {
  return {
    stroke: colours.text,
    font: `${fontSize}px ${FAMILY}`,
    size: fontSize * 3.5,
    space: fontSize * 5.3,
    values: (_plot, ticks, _index, _space, increment) => timeLabels(ticks, increment),
    grid: { stroke: colours.grid, width: 1 },
    ticks: { stroke: colours.grid, width: 1, size: 5 },
  };
}

function valueAxis(axis, units, colours, fontSize, grid) {
  const common = units.length === 1 ? units[0] : "";
  const scaleOf = (ticks) => axisUnits(Math.max(...ticks.map((tick) => Math.abs(tick || 0))), common);
  return {
    scale: axis,
    side: axis === "left" ? 3 : 1,
    stroke: colours.text,
    font: `${fontSize}px ${FAMILY}`,
    size: (plot, labels) => Math.max(fontSize * 3.7, ...(labels || []).map((label) => label.length * fontSize * 0.58 + 16)),
    space: fontSize * 2.5,
    gap: 6,
    values: (_plot, ticks, _index, _space, increment) => {
      const [scale, words] = scaleOf(ticks);
      const labels = tickLabels(ticks, increment, scale);
      // The units stand at the uppermost tick.
      const last = labels.length - 1;
      return labels.map((label, index) => (index === last && words ? `${label} ${words}` : label));
    },
    grid: { show: grid, stroke: colours.grid, width: 1 },
    ticks: { show: false },
  };
}

function select(plot, onZoom) {
  const { left, width } = plot.select;
  if (width < 5) return;
  onZoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
}
