// The numbers of a chart: rows of the server's files, and behind them the values that came since.

import { dataPath, getJson } from "./api.js";
import { stored } from "./format.js";

const LONGEST_TAIL = 3000;

/** What is known of a series, asked once. */
export class Catalogue {
  #known = new Map();

  /** The series' description, as /api/v1/series/NAME has it. Throws ApiError. */
  series(name) {
    if (!this.#known.has(name)) {
      const asked = getJson(`/api/v1/series/${encodeURIComponent(name)}`);
      asked.catch(() => this.#known.delete(name));
      this.#known.set(name, asked);
    }
    return this.#known.get(name);
  }

  /** The lines that what is wanted stands for: {name, column?, axis?} → one line per column. */
  async lines(wanted) {
    const found = await Promise.allSettled(wanted.map((each) => this.series(each.name)));
    const refused = found.find(({ reason }) => reason && reason.status !== 404) || (found.every(({ reason }) => reason) && found[0]);
    if (refused) throw refused.reason;
    // A series of an old link that is gone leaves the others on the screen.
    const lines = wanted.flatMap((each, index) => (found[index].value ? linesOf(each, found[index].value) : []));
    return lines.filter((line, index) => lines.findIndex((other) => other.key === line.key) === index);
  }
}

function linesOf({ name, column, axis }, series) {
  const columns = series.columns.filter((each) => !column || each.name === column);
  return columns.map((each) => ({
    key: `${name}:${each.name}`,
    name,
    column: each.name,
    label: titleOf(series, each),
    type: each.type,
    step: series.step,
    wanted: axis,
    ...stored(each.units, each.type),
  }));
}

function titleOf(series, column) {
  const own = series.label || series.name;
  if (series.columns.length === 1) return column.label || own;
  return `${own}: ${column.label || column.name}`;
}

/** The rows of some lines over a span, with the values that came since at their end. */
export class Rows {
  #lines;
  #times = [];
  #columns = []; // per line {average, low, high}
  #tails = new Map(); // of a line's key: [[time, number], ...]
  #last = new Map(); // of a line's key: the last [time, value], to make rates of

  step = 0;

  constructor(lines = []) {
    this.#lines = lines;
  }

  /** Ask for rows. Throws ApiError, or AbortError by `signal`. */
  async load({ start, end, points, band, signal }) {
    // With a band rows are averaged, as its edges keep the peaks; without one the server thins them out so that peaks stay.
    const cfs = band ? ["AVERAGE", "MIN", "MAX"] : ["AVERAGE"];
    const asked = { start: Math.floor(start), end: Math.ceil(end), cf: cfs, ...(band ? { step: Math.max(Math.floor((end - start) / points), 1) } : { max_points: points }) };
    const answer = await getJson(dataPath(this.#lines.map((line) => line.key), asked), { signal });
    const find = (line, cf) => {
      const found = answer.columns.find((each) => each.series === line.name && each.column === line.column && each.cf === cf);
      return (found?.values || []).map((value) => (value === null ? null : value * line.factor));
    };
    this.#times = answer.times;
    this.step = answer.step;
    this.#columns = this.#lines.map((line) => ({
      average: find(line, "AVERAGE"),
      low: band ? find(line, "MIN") : [],
      high: band ? find(line, "MAX") : [],
    }));
  }

  /** Take values that came; returns whether one of them belongs to a line. */
  take(values) {
    let taken = false;
    for (const { series, column, value, time } of values) {
      const line = this.#lines.find((each) => each.name === series && each.column === column);
      if (!line || value === null || time === null) continue;
      const number = this.#number(line, value, time);
      this.#last.set(line.key, [time, value]);
      if (number === null) continue;
      const tail = this.#tails.get(line.key) || [];
      if (tail.length && tail[tail.length - 1][0] >= time) continue;
      tail.push([time, number]);
      if (tail.length > LONGEST_TAIL) tail.shift();
      this.#tails.set(line.key, tail);
      taken = true;
    }
    return taken;
  }

  #number(line, value, time) {
    if (line.type === "GAUGE") return value;
    const before = this.#last.get(line.key);
    if (!before || time <= before[0] || line.type === "ABSOLUTE") return null;
    const rate = (value - before[1]) / (time - before[0]);
    return rate < 0 ? null : rate * line.factor;
  }

  /** Whether there is any number. */
  get empty() {
    return !this.#tails.size && this.#columns.every(({ average }) => average.every((value) => value === null));
  }

  /** Whether the rows are those that were written, so that their lowest and highest are they themselves. */
  get raw() {
    return this.step > 0 && this.#lines.every((line) => this.step <= line.step);
  }

  /**
   * The numbers as uPlot takes them: [times, ...], three columns per line with a band, else one. `null` is a gap;
   * `undefined` is a time at which this line has nothing to say.
   */
  table(band) {
    const ends = this.#columns.map(({ average }) => lastNumber(average));
    const fresh = this.#lines.map((line, index) => {
      const after = ends[index] < 0 ? 0 : this.#times[ends[index]];
      return (this.#tails.get(line.key) || []).filter(([time]) => time > after);
    });
    const times = [...new Set([...this.#times, ...fresh.flat().map(([time]) => time)])].sort((one, other) => one - other);
    const place = new Map(times.map((time, index) => [time, index]));
    const columns = this.#columns.flatMap((column, index) => {
      const parts = band ? ["low", "average", "high"] : ["average"];
      return parts.map((part) => this.#spread(column[part], ends[index], fresh[index], times.length, place));
    });
    return [times, ...columns];
  }

  #spread(values, end, fresh, length, place) {
    const whole = new Array(length).fill(undefined);
    values.forEach((value, index) => {
      // Where newer values follow, the rows that are not written yet are no gap.
      if (value !== null || index <= end || !fresh.length) whole[place.get(this.#times[index])] = value;
    });
    for (const [time, number] of fresh) whole[place.get(time)] = number;
    return whole;
  }
}

function lastNumber(values) {
  for (let index = values.length - 1; index >= 0; index -= 1) if (values[index] !== null) return index;
  return -1;
}
