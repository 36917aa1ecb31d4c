// The tiles of a board, alive: numbers as they come, lines of the past, charts, and drawn graphs that are drawn anew.

import { getJson, dataPath } from "../api.js";
import { now } from "../clock.js";
import { age, amount, shown, stored, unitsOf } from "../format.js";
import { subscribe } from "../live.js";
import { draw } from "../sparks.js";
import { make, sparkFrame } from "./dom.js";
import { drawChart, SPAN_S } from "./plots.js";
import { isCounter, Rates } from "./rates.js";

const AT = { "1h": "-1h", "4h": "-4h", "1d": "-1d", "1w": "-1w", "1M": "-1mon", "1y": "-1y", "10y": "-10y" };
const TICK_MS = 1000;
const POINTS = 96;
const PIXELS = 500;
const MOST_SERIES = 20; // in one request
const MOST_CHARS = 14;

/** The tile that an element shows. */
export const readTile = (element) => JSON.parse(element.dataset.tile);

export class Tiles {
  /**
   * @param {HTMLElement} grid holds the tiles, as the server has made them
   * @param {function} write makes a text of a number, its units and its element; fewer digits for who looks from afar
   */
  constructor(grid, write = amount) {
    this.grid = grid;
    this.write = write;
    this.charts = new Map(); // tile → what ends its chart
    this.due = new Map(); // span or picture → when it is fetched again, ms
    this.last = new Map(); // series and column → its last value
    this.rates = new Rates((key, rate) => this.put(key, rate, true));
    this.end = null;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.begin();
  }

  /** The tiles' elements, in their order. */
  get elements() {
    return [...this.grid.querySelectorAll(":scope > .tile")];
  }

  /** Take the tiles of another copy of the page; those that are the same stay as they are. */
  replace(grid) {
    const fresh = [...grid.querySelectorAll(":scope > .tile")];
    this.fit(fresh.map((each) => each.dataset.tile), (_, index) => document.adoptNode(fresh[index]), (each) => !each.classList.contains("pending"));
    this.grid.dataset.board = grid.dataset.board;
    this.begin();
  }

  /** Take an order of tiles, some of which the server has not made yet: they stand there by name. */
  arrange(tiles) {
    this.fit(tiles.map((each) => JSON.stringify(each)), (text) => pendingTile(text), () => true);
    this.index();
  }

  /** Whether a tile waits for the server to make it. */
  get waiting() {
    return this.grid.querySelector(":scope > .pending") !== null;
  }

  fit(texts, build, usable) {
    const old = new Map();
    for (const element of this.elements.filter(usable)) old.set(element.dataset.tile, [...(old.get(element.dataset.tile) || []), element]);
    const wanted = texts.map((text, index) => old.get(text)?.shift() || build(text, index));
    const kept = new Set(wanted);
    for (const element of this.elements) if (!kept.has(element)) this.drop(element);
    wanted.forEach((element, index) => {
      if (this.grid.children[index] !== element) this.grid.insertBefore(element, this.grid.children[index] || null);
    });
  }

  /** Take one tile away. */
  drop(element) {
    this.charts.get(element)?.();
    this.charts.delete(element);
    element.remove();
  }

  /** End everything. */
  stop() {
    clearInterval(this.timer);
    this.end?.();
    for (const end of this.charts.values()) end();
    this.charts.clear();
  }

  begin() {
    this.due.clear();
    this.index();
    for (const element of this.elements) {
      const plot = element.querySelector(".plot");
      if (plot && !this.charts.has(element)) this.charts.set(element, drawChart(plot, readTile(element), () => this.index()));
    }
    this.tick();
  }

  index() {
    this.readings = new Map();
    this.ages = new Map();
    const put = (map, key, element) => map.set(key, [...(map.get(key) || []), element]);
    for (const each of this.grid.querySelectorAll(".reading")) put(this.readings, `${each.dataset.series}\n${each.dataset.column}`, each);
    for (const each of this.grid.querySelectorAll("time[data-series]")) put(this.ages, each.dataset.series, each);
    this.rates.follow([...this.readings.values()].flat());
    for (const [key, value] of this.last) this.put(key, value);
    for (const [key, rate] of this.rates.known) this.put(key, rate, true);
    const names = [...new Set([...this.readings.keys()].map((key) => key.split("\n")[0]))].sort();
    const key = names.join("\n");
    if (key === this.names) return;
    this.names = key;
    this.end?.();
    this.end = names.length ? subscribe(names, (values) => this.show(values)) : null;
  }

  show(values) {
    for (const { series, column, value, time: when } of values) {
      const key = `${series}\n${column}`;
      this.last.set(key, value);
      this.put(key, value);
      this.rates.take(key, value, when);
      if (!when) continue;
      for (const element of this.ages.get(series) || []) {
        element.dataset.when = String(Math.max(Math.floor(when), Number(element.dataset.when || 0)));
        element.dateTime = new Date(when * 1000).toISOString();
      }
    }
  }

  /** Write a last value, or the rate of a counter, wherever it stands. */
  put(key, number, isRate = false) {
    for (const each of this.readings.get(key) || []) if (isCounter(each) === isRate) showReading(each, number, this.write);
  }

  tick() {
    if (document.hidden) return;
    const present = now();
    for (const each of this.grid.querySelectorAll("time[data-when]")) {
      const text = age(Number(each.dataset.when), present);
      if (each.textContent !== text) each.textContent = text;
      each.classList.toggle("old", present - Number(each.dataset.when) > 3600);
    }
    this.drawSparks();
    this.drawGraphs(present);
  }

  isDue(key, seconds) {
    if ((this.due.get(key) || 0) > Date.now()) return false;
    this.due.set(key, Date.now() + seconds * 1000);
    return true;
  }

  drawSparks() {
    const bySpan = new Map();
    for (const each of this.grid.querySelectorAll(".spark")) {
      bySpan.set(each.dataset.span, [...(bySpan.get(each.dataset.span) || []), each]);
    }
    for (const [span, elements] of bySpan) {
      if (!this.isDue(`spark ${span}`, Math.min(Math.max(SPAN_S[span] / POINTS, 20), 3600))) continue;
      for (let first = 0; first < elements.length; first += MOST_SERIES) {
        fetchSparks(elements.slice(first, first + MOST_SERIES), span);
      }
    }
  }

  drawGraphs(time) {
    for (const tile of this.grid.querySelectorAll(".tile[data-kind=graph]")) {
      const { span } = readTile(tile);
      const pixel = Math.max(SPAN_S[span] / PIXELS, 10);
      const end = Math.floor(time / pixel) * pixel;
      for (const picture of tile.querySelectorAll("picture.graph")) moveGraph(picture, Math.floor(end));
    }
  }
}

function pendingTile(text) {
  const tile = JSON.parse(text);
  const title = tile.title || tile.series.map((each) => each.name).join(", ");
  const data = { tile: text, kind: tile.kind, width: tile.width, height: tile.height };
  return make("article", { className: "card tile pending", data },
    make("header", { className: "tile-head" }, make("h2", { className: "tile-title" }, title)));
}

/** Give a tile's element another size, on the screen and in what it says of itself. */
export function sizeTile(element, width, height) {
  Object.assign(element.dataset, { width, height, tile: JSON.stringify({ ...readTile(element), width, height }) });
}

function showReading(element, value, write) {
  const { units } = element.dataset;
  const [text, after] = [write(value, units, element), unitsOf(value, units)];
  const [number, unit] = [element.querySelector("b"), element.querySelector("i")];
  if (number.textContent === text && unit.textContent === after) return;
  [number.textContent, unit.textContent] = [text, after];
  if (element.dataset.chars) element.dataset.chars = String(Math.min(text.length + Math.ceil(after.length / 2), MOST_CHARS));
}

async function fetchSparks(elements, span) {
  const names = [...new Set(elements.map((each) => each.dataset.spark))];
  let data;
  try {
    data = await getJson(dataPath(names, { start: AT[span], end: "now", cf: ["AVERAGE", "MIN", "MAX"], max_points: POINTS }));
  } catch {
    return; // the old line stays; the page says whether the server can be reached
  }
  const columns = new Map(data.columns.map((each) => [`${each.series}:${each.column} ${each.cf}`, each.values]));
  for (const element of elements) {
    const part = (cf) => columns.get(`${element.dataset.spark} ${cf}`) || [];
    showSpark(element, data, part("AVERAGE"), [...part("MIN"), ...part("MAX")]);
  }
}

function showSpark(element, { start, end, times }, numbers, ends) {
  const { units, factor } = stored(element.dataset.units, element.dataset.type);
  if (!element.querySelector("svg")) element.prepend(sparkFrame());
  draw(element.querySelector("svg"), { start, end, times, numbers });
  const known = [...ends, ...numbers].filter((value) => value !== null).map((value) => value * factor);
  element.querySelector(".extremes").textContent = known.length
    ? `${shown(Math.min(...known), units)} … ${shown(Math.max(...known), units)}`
    : "";
}

function moveGraph(picture, end) {
  if (picture.dataset.end === String(end)) return;
  const first = !picture.dataset.end;
  picture.dataset.end = String(end);
  if (first) return; // the server has just drawn it
  const image = picture.querySelector("img");
  for (const source of picture.querySelectorAll("source")) source.srcset = addressAt(source.srcset, end);
  image.src = addressAt(image.getAttribute("src"), end);
}

function addressAt(old, end) {
  const url = new URL(old, location.href);
  const start = url.searchParams.get("start");
  url.searchParams.set("start", start.startsWith("end") ? start : `end${start}`);
  url.searchParams.set("end", String(end));
  return url.pathname + url.search;
}
