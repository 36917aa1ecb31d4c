// Axes of a chart: which line stands on which, their ranges, and numbers with one SI prefix per axis.

import { grouped } from "./format.js";
import { LARGE, SMALL } from "./units.js";

const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"]];
/**
 * Give each line an axis: the first unit left, the second right, what is asked for by `wanted` there, and every further
 * unit right. Sets `line.axis`.
 */
export function assignAxes(lines) {
  const sides = new Map();
  for (const line of lines) if (line.wanted && !sides.has(line.units)) sides.set(line.units, line.wanted);
  for (const line of lines) {
    if (!sides.has(line.units)) {
      const taken = new Set(sides.values());
      sides.set(line.units, taken.has("left") ? "right" : "left");
    }
    line.axis = line.wanted || sides.get(line.units);
  }
}

/** The units that stand on an axis, each once. */
export const unitsOn = (lines, axis) => [...new Set(lines.filter((line) => line.axis === axis).map((line) => line.units))];

/** The range of an axis: a little air, and from zero where the numbers are near it. */
export function rangeOf(_plot, low, high) {
  if (low === null || high === null || low === undefined || high === undefined) return [0, 1];
  if (low === high) {
    const air = Math.abs(low) * 0.1 || 1;
    return low === 0 ? [0, 1] : [low - air, high + air];
  }
  const air = (high - low) * 0.08;
  const bottom = low >= 0 && low < (high - low) * 0.4 ? 0 : low - air;
  const top = high <= 0 && -high < (high - low) * 0.4 ? 0 : high + air;
  return [bottom, top];
}

/** What the numbers of an axis are divided by, and the units that they are in then, as [scale, units]. */
export function axisUnits(size, units) {
  if (units === "s" && size >= 7200) return size >= 172800 ? [86400, "d"] : [3600, "h"];
  if (!units && size >= 1e5 && size < 1e6) return [1e6, "M"];
  if (units ? !LARGE.has(units) : size < 1e6) return [1, units];
  const fit = PREFIXES.filter(([each]) => each >= 1 || SMALL.has(units));
  const [scale, prefix] = fit.find(([each]) => size >= each * 0.9999999) || [1, ""];
  return [scale, prefix + units];
}

/** Labels of an axis' ticks: as many decimals as tell them apart. */
export function tickLabels(ticks, increment, scale) {
  const step = increment / scale;
  let decimals = Math.min(Math.max(Math.ceil(-Math.log10(step) - 1e-9), 0), 9);
  const apart = step * 10 ** decimals; // 2.5 needs one more than 2 or 5
  if (decimals < 9 && Math.abs(apart - Math.round(apart)) > 1e-6) decimals += 1;
  return ticks.map((tick) => (tick === null ? "" : grouped(tick / scale, decimals)));
}
