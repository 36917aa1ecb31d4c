// Rates of the counters on a board: from the counts as they come, and from the files until there are two of them.

import { dataPath, getJson } from "../api.js";
import { Rate } from "../rate.js";

const LOOK_BACK = "-4h";
const STEP_S = 60;
const MOST_SERIES = 20; // in one request

/** Whether an element shows the rate of a counter. */
export const isCounter = (element) => "factor" in element.dataset;

export class Rates {
  /** @param {function} onRate called with a column's key and its rate, in the units that are shown */
  constructor(onRate) {
    this.onRate = onRate;
    this.known = new Map(); // series and column → its rate
    this.columns = new Map(); // series and column → {rate, factor}
  }

  /** Look after the counters among these elements, too. */
  follow(elements) {
    const names = [];
    for (const { dataset } of elements.filter(isCounter)) {
      const key = `${dataset.series}\n${dataset.column}`;
      if (this.columns.has(key)) continue;
      this.columns.set(key, { rate: new Rate(dataset.type), factor: Number(dataset.factor) });
      names.push(`${dataset.series}:${dataset.column}`);
    }
    for (let first = 0; first < names.length; first += MOST_SERIES) this.ask(names.slice(first, first + MOST_SERIES));
  }

  /** Take a count that came, and its time in seconds. */
  take(key, count, time) {
    const column = this.columns.get(key);
    const rate = column ? column.rate.take(count, time) : null;
    if (rate !== null) this.tell(key, rate * column.factor);
  }

  async ask(names) {
    let data;
    try {
      data = await getJson(dataPath(names, { start: LOOK_BACK, end: "now", step: STEP_S }));
    } catch {
      return; // the counts will tell
    }
    for (const { series, column, values } of data.columns) {
      const key = `${series}\n${column}`;
      const last = values.findLast((value) => value !== null);
      if (last !== undefined && !this.known.has(key)) this.tell(key, last * this.columns.get(key).factor);
    }
  }

  tell(key, rate) {
    this.known.set(key, rate);
    this.onRate(key, rate);
  }
}
