// The lines of a chart below it, with their numbers at the cursor, and a sentence for who cannot see it.

import { amount, briefRange, moment, NOTHING, shown, unitsOf } from "./format.js";

export class Legend {
  element = document.createElement("div");
  #options;
  #time = document.createElement("p");
  #list = document.createElement("ul");
  #spoken = document.createElement("p");
  #items = [];

  constructor(options) {
    this.#options = options;
    this.element.className = "chart-legend";
    this.element.hidden = !options.legend;
    this.#time.className = "chart-time";
    this.#time.textContent = "Now";
    this.#spoken.className = "visually-hidden";
    this.#spoken.setAttribute("aria-live", "polite");
    this.element.append(this.#time, this.#list, this.#spoken);
  }

  /** Lay out the lines. */
  list(lines, colourOf) {
    this.#items = lines.map((line, index) => {
      const item = document.createElement("li");
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = colourOf(index);
      const label = document.createElement("a");
      label.className = "chart-label";
      label.href = `/series/${encodeURIComponent(line.name)}`;
      label.textContent = line.label;
      const number = document.createElement("span");
      number.className = "value";
      const spread = document.createElement("span");
      spread.className = "chart-spread";
      const actions = document.createElement("span");
      actions.className = "chart-actions";
      item.append(swatch, label, number, spread, actions);
      this.#options.decorate?.(line, actions);
      return { item, number, spread };
    });
    this.#list.replaceChildren(...this.#items.map(({ item }) => item));
  }

  /** Show the numbers under the cursor, or the last ones where there is none. */
  read(plot, lines, band) {
    const at = plot.cursor.idx;
    const pointed = at !== null && at !== undefined && plot.cursor.left >= 0;
    this.#time.textContent = pointed ? moment(plot.data[0][at]) : "Last";
    lines.forEach((line, index) => {
      const parts = this.#items[index];
      if (!parts) return;
      const base = band ? index * 3 + 2 : index + 1;
      const row = pointed ? plot.cursor.idxs[base] : lastIn(plot.data[base], plot.series[0].idxs);
      const value = plot.data[base][row] ?? null;
      setNumber(parts.number, value, line.units);
      const [low, high] = band ? [plot.data[base - 1][row], plot.data[base + 1][row]] : [null, null];
      parts.spread.textContent = isSpread(low, high) ? briefRange(low, high, line.units) : "";
    });
  }

  /** Say the numbers under the cursor. */
  say(plot, lines, band) {
    const at = plot.cursor.idx;
    const numbers = lines.map((line, index) => {
      const value = plot.data[band ? index * 3 + 2 : index + 1][at] ?? null;
      return `${line.label} ${value === null ? "no number" : shown(value, line.units)}`;
    });
    this.#spoken.textContent = at === null ? "" : `${moment(plot.data[0][at])}: ${numbers.join(", ")}`;
  }
}

const isSpread = (low, high) => typeof low === "number" && typeof high === "number" && low !== high;

function lastIn(values, [first, last]) {
  for (let row = last; row >= first; row -= 1) if (typeof values[row] === "number") return row;
  return last;
}

function setNumber(element, value, units) {
  const number = document.createElement("b");
  number.textContent = value === null ? NOTHING : amount(value, units);
  const words = document.createElement("i");
  words.textContent = value === null ? "" : unitsOf(value, units);
  element.replaceChildren(number, words);
}
