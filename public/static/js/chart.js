// The chart: lines of series over time, drawn by uPlot; by the server where uPlot is not installed.

import { assignAxes } from "./axes.js";
import { makeArea, makeNote, watch } from "./chartframe.js";
import { Drawn } from "./drawn.js";
import { listen, moveCursor, press } from "./gestures.js";
import { subscribe } from "./live.js";
import { Legend } from "./legend.js";
import { lineColour, plotOptions, readColours } from "./plot.js";
import { Catalogue, Rows } from "./rows.js";
import { timesOf, viewOf } from "./stretch.js";
import { loadUPlot } from "./uplot.js";

const SETTLE_MS = 150; // a gesture is over, and rows are asked for

export class Chart {
  #element;
  #options;
  #catalogue;
  #rows = new Rows();
  #plot = null;
  #drawn = null;
  #legend;
  #area;
  #note;
  #lines = [];
  #unwatch = () => {};
  #takenOff = () => {};
  #unsubscribe = () => {};
  #asking = null;
  #timer = 0;
  #refresher = 0;
  #loaded = null; // the stretch and the lines that the rows are of
  #gone = false;

  /** Resolves when the chart is shown for the first time. */
  ready;

  /**
   * @param {HTMLElement} element is filled
   * @param {object} options
   *   series: [{name, column?, axis?: "left"|"right"}]; without a column, all of them;
   *   start, end: seconds since the epoch; a start below zero counts from now, and an end that is left out is now;
   *   axes: {NAME:COLUMN: "left"|"right"}, which wins over the axis of a series;
   *   band: whether the lowest and highest are shown around the average (true);
   *   live: whether new values appear by themselves (true);
   *   height: pixels (320); fontSize: pixels (12); legend: whether one is shown (true);
   *   catalogue: of descriptions that are known already;
   *   onView(chart), after a gesture has changed the view; onRows(chart), after numbers have come; decorate(line, element), for
   *   whoever puts something of his own into the legend
   */
  constructor(element, options) {
    this.#element = element;
    this.#options = { band: true, live: true, height: 320, legend: true, ...options };
    this.#catalogue = options.catalogue || new Catalogue();
    this.#build();
    this.ready = this.#start();
  }

  get lines() {
    return this.#lines;
  }

  /** What is wanted: {series, start, end, band, live}, as the constructor takes it. */
  get view() {
    const { series, start, end, band, live } = this.#options;
    return { series, start, end, band, live };
  }

  /** The stretch that is shown now, [start, end] in seconds since the epoch. */
  get stretch() {
    return timesOf(this.#options);
  }

  /** Whether the right edge is now. */
  get following() {
    return !this.#options.end;
  }

  /** Rows with one number per line: [times, ...numbers]. */
  get table() {
    return this.#rows.table(false);
  }

  /** The seconds that a row stands for. */
  get step() {
    return this.#rows.step;
  }

  /** Show something else: any of the constructor's options. */
  async set(changes) {
    Object.assign(this.#options, changes);
    if (changes.series || changes.axes) await this.#resolve();
    if (changes.series || changes.axes || "band" in changes || "height" in changes) this.#discard();
    this.#moved();
    await this.#load();
  }

  /** Take the chart off the page. */
  destroy() {
    this.#gone = true;
    this.#asking?.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#refresher);
    this.#discard();
    this.#drawn?.stop();
    this.#unsubscribe();
    this.#unwatch();
    this.#element.replaceChildren();
  }

  // -- gestures, which buttons may ask for too -------------------------------------------------------

  /** Show the stretch from `start` to `end`, seconds since the epoch. */
  zoom(start, end) {
    this.#gesture(viewOf(start, end));
  }

  /** Move by so many seconds, to the future where they are above zero. */
  pan(seconds) {
    const [start, end] = this.stretch;
    this.zoom(start + seconds, end + seconds);
  }

  /** Zoom by a factor, below one to see less, around a time; by default around the middle, or the right edge that is followed. */
  scale(factor, at = this.following ? this.stretch[1] : (this.stretch[0] + this.stretch[1]) / 2) {
    const [start, end] = this.stretch;
    this.zoom(at - (at - start) * factor, at + (end - at) * factor);
  }

  #gesture(view) {
    Object.assign(this.#options, view);
    this.#moved();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#options.onView?.(this);
      this.#load();
    }, SETTLE_MS);
  }

  // -- inside ----------------------------------------------------------------------------------------

  #build() {
    this.#area = makeArea(this.#options.height);
    this.#note = makeNote();
    this.#legend = new Legend(this.#options);
    this.#element.classList.add("chart");
    this.#element.replaceChildren(this.#area, this.#note, this.#legend.element);
    const theme = () => {
      this.#discard();
      this.#show();
    };
    this.#area.addEventListener("keydown", (event) => this.#plot && press(event, this.#plot, this.#keys));
    this.#unwatch = watch(this.#area, theme, () => this.#resize());
  }

  get #keys() {
    return {
      pan: (seconds) => this.pan(seconds),
      scale: (factor, at) => this.scale(factor, this.following ? undefined : at),
      reset: () => this.reset(),
      move: (rows) => this.#moveCursor(rows),
    };
  }

  /** Show what was asked for first, before any gesture: its owner's business. */
  reset() {
    this.#options.onReset?.(this);
  }

  async #start() {
    try {
      const constructor = await loadUPlot();
      if (this.#gone) return;
      if (constructor === null) this.#drawn = new Drawn(this.#area, this.#options.height);
      this.constructPlot = constructor;
      await this.#resolve();
      await this.#load();
    } catch (error) {
      this.#tell(error.message);
    }
  }

  async #resolve() {
    const wanted = this.#options.series;
    const lines = await this.#catalogue.lines(wanted);
    if (wanted !== this.#options.series || this.#gone) return;
    for (const line of lines) line.wanted = this.#options.axes?.[line.key] ?? line.wanted;
    assignAxes(lines);
    this.#lines = lines;
    this.#rows = new Rows(lines);
    this.#loaded = null;
    this.#area.setAttribute("aria-label", `${lines.map((line) => line.label).join(", ")}: chart over time`);
    this.#unsubscribe();
    const names = this.#options.live && !this.#drawn ? [...new Set(lines.map((line) => line.name))] : [];
    this.#unsubscribe = names.length ? subscribe(names, (values) => this.#take(values)) : () => {};
  }

  async #load() {
    clearTimeout(this.#refresher);
    this.#asking?.abort();
    if (this.#gone || !this.#lines.length) return;
    this.#drawn?.show(this.#lines, this.stretch);
    const asking = new AbortController();
    this.#asking = asking;
    const [start, end] = this.stretch;
    const points = Math.max(Math.round(this.#area.clientWidth), 200);
    try {
      await this.#rows.load({ start, end, points, band: this.#options.band, signal: asking.signal });
      if (asking.signal.aborted || this.#gone) return;
      this.#loaded = [start, end];
      this.#show();
      this.#tell(this.#rows.empty ? "No numbers in this span" : "");
      this.#options.onRows?.(this);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#tell(error.message);
    }
    this.#later();
  }

  /** New rows are due when time has moved on by a pixel or so. */
  #later() {
    if (!this.#options.live || !this.following) return;
    const [start, end] = this.stretch;
    this.#refresher = setTimeout(() => (document.hidden ? this.#later() : this.#load()), Math.min(Math.max(end - start, 10_000), 300_000));
  }

  #take(values) {
    if (!this.#rows.take(values) || !this.#loaded || !this.following) return;
    this.#show();
    if (!this.#rows.empty) this.#tell("");
    this.#options.onRows?.(this);
  }

  get #banded() {
    return this.#options.band && !this.#rows.raw;
  }

  #show() {
    if (!this.#loaded || this.#drawn || this.#gone) return;
    const data = this.#rows.table(this.#banded);
    if (this.#plot && this.#plot.banded !== this.#banded) this.#discard();
    if (!this.#plot) this.#create(data);
    else this.#plot.setData(data, false);
    this.#moved();
  }

  #create(data) {
    const [start, end] = this.stretch;
    const colours = readColours();
    const options = plotOptions({
      lines: this.#lines,
      band: this.#banded,
      width: this.#area.clientWidth,
      height: this.#options.height,
      fontSize: this.#options.fontSize,
      start,
      end,
      colours,
      onZoom: (from, to) => this.zoom(from, to),
      onCursor: (plot) => this.#legend.read(plot, this.#lines, this.#banded),
    });
    this.#plot = new this.constructPlot(options, data, this.#area);
    this.#plot.banded = this.#banded;
    this.#legend.list(this.#lines, (index) => lineColour(colours, index));
    this.#takenOff = listen(this.#plot, this.#keys);
    this.#plot.over.addEventListener("dblclick", () => this.reset());
  }

  #discard() {
    this.#takenOff();
    this.#takenOff = () => {};
    this.#plot?.destroy();
    this.#plot = null;
  }

  #moved() {
    if (!this.#plot) return;
    const [start, end] = this.stretch;
    this.#plot.setScale("x", { min: start, max: end });
  }

  #resize() {
    const width = this.#area.clientWidth;
    if (this.#plot && width && width !== this.#plot.width) this.#plot.setSize({ width, height: this.#options.height });
    this.#drawn?.show(this.#lines, this.stretch);
  }

  #moveCursor(rows) {
    moveCursor(this.#plot, rows);
    this.#legend.say(this.#plot, this.#lines, this.#banded);
  }

  #tell(words) {
    this.#note.textContent = words;
    this.#note.hidden = !words;
  }
}
