// Charts of tiles: as high as the tile has room, and of those series that are there.

import { make } from "./dom.js";

/** Seconds of each span. */
export const SPAN_S = { "1h": 3600, "4h": 14400, "1d": 86400, "1w": 604800, "1M": 2629800, "1y": 31557600, "10y": 315576000 };
const SETTLE_MS = 150;
const LOWEST = 70;

/**
 * Draw a tile's chart into an element; returns a function that ends it.
 * @param {function} onReading called when there are readings in its legend, to be kept fresh
 */
export function drawChart(element, tile, onReading) {
  const chart = new TileChart(element, tile, onReading);
  return () => chart.end();
}

/** The last value of a line beside its label; a counter's is no number of the chart. */
function addReading(line, item) {
  if (line.type !== "GAUGE") return false;
  const data = { series: line.name, column: line.column, units: line.units };
  item.append(make("span", { className: "reading now", data }, make("b"), " ", make("i")));
  return true;
}

class TileChart {
  constructor(element, tile, onReading) {
    this.element = element;
    this.tile = tile;
    this.onReading = onReading;
    this.height = 0;
    this.timer = 0;
    this.ended = false;
    this.inner = document.createElement("div");
    this.inner.className = "plot-inner";
    element.append(this.inner);
    this.resized = new ResizeObserver(() => this.later());
    this.begin();
  }

  async begin() {
    const { Chart } = await import("../chart.js");
    if (this.ended) return;
    const known = new Set((this.element.dataset.known || "").split(" "));
    const series = this.tile.series.filter(({ name }) => known.has(name)).map(({ name, column, axis }) => ({
      name,
      column: column || undefined,
      axis: axis === "auto" ? undefined : axis,
    }));
    this.height = this.room();
    this.first = { start: -SPAN_S[this.tile.span], end: 0 };
    this.chart = new Chart(this.inner, {
      series,
      ...this.first,
      band: this.tile.series.length === 1,
      live: true,
      height: this.height,
      fontSize: Math.round(parseFloat(getComputedStyle(this.inner).fontSize)), // of the style sheet: larger on a wall
      legend: this.element.dataset.lines !== "1",
      decorate: (line, item) => addReading(line, item) && queueMicrotask(this.onReading), // once it is on the page
      onReset: (chart) => chart.set(this.first),
    });
    this.resized.observe(this.element);
    this.chart.ready.then(() => this.later());
  }

  /** Pixels that the chart may be high, without its legend. */
  room() {
    const legend = this.inner.querySelector(".chart-legend");
    const taken = legend && !legend.hidden ? legend.offsetHeight + 6 : 0;
    return Math.max(Math.floor(this.element.clientHeight - taken), LOWEST);
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fit(), SETTLE_MS);
  }

  fit() {
    const height = this.room();
    if (this.ended || Math.abs(height - this.height) < 3) return;
    this.height = height;
    this.chart.set({ height });
  }

  end() {
    this.ended = true;
    clearTimeout(this.timer);
    this.resized.disconnect();
    this.chart?.destroy();
  }
}
