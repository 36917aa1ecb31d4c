// Sparklines: the last day of the tiles in sight, asked for many at a time.

import { dataPath, getJson } from "./api.js";
import { now } from "./clock.js";

const DAY_S = 86400;
const POINTS = 120;
const YOUNG_S = 6 * 3600; // a series that began later gets a closer look
const LOOK_BACK_S = 600; // for the beginning of a series that is younger than the rows of a day
const SHORTEST_S = 60;
const PER_CALL = 24;
const GATHER_MS = 60;
const AGAIN_MS = 300_000;
const RETRY_MS = 10_000;
const WIDTH = 100;
const HEIGHT = 32;
const AIR = 2;

/** Draws a day, {start, end, times, numbers, low, high}, into an `svg.spark`. */
export function draw(svg, day) {
  const known = day.numbers.filter((number) => number !== null);
  const [area, line] = svg.children;
  if (!known.length) {
    area.removeAttribute("d");
    line.removeAttribute("d");
    return;
  }
  let [low, high] = [Math.min(...known), Math.max(...known)];
  // What differs by rounding only is level.
  if (high - low <= Math.abs(high) * 1e-6) [low, high] = [low - 1, high + 1];
  const span = Math.max(day.end - day.start, 1);
  const x = (time) => (((time - day.start) / span) * WIDTH).toFixed(1);
  const y = (number) => (HEIGHT - AIR - ((number - low) / (high - low)) * (HEIGHT - 2 * AIR)).toFixed(1);
  const runs = runsOf(day).map((run) => run.map(([time, number]) => `${x(time)} ${y(number)}`));
  line.setAttribute("d", runs.map((run) => `M${run.length > 1 ? run.join("L") : `${run[0]}h.4`}`).join(""));
  area.setAttribute("d", runs.map((run) => `M${run[0].split(" ")[0]} ${HEIGHT}L${run.join("L")}V${HEIGHT}Z`).join(""));
}

/** The stretches of a day without a gap in them. */
function runsOf({ times, numbers, start }) {
  const runs = [];
  let run = null;
  numbers.forEach((number, index) => {
    if (number === null || times[index] < start) run = null;
    else if (run) run.push([times[index], number]);
    else runs.push((run = [[times[index], number]]));
  });
  return runs;
}

/** Fills the tiles in sight, and keeps them filled. */
export class Sparks {
  #cards = new Map(); // element of a node → its tiles
  #inSight = new Set(); // of those elements
  #timer = 0;
  #busy = false;
  #watcher = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "200px" });

  constructor() {
    setInterval(() => this.#age(), AGAIN_MS);
  }

  /** Look after these tiles, which stand on the page, and no others. */
  watch(tiles) {
    this.#watcher.disconnect();
    this.#cards.clear();
    this.#inSight.clear();
    for (const tile of tiles) {
      const card = tile.element.closest(".node");
      if (this.#cards.has(card)) this.#cards.get(card).push(tile);
      else this.#cards.set(card, [tile]);
    }
    for (const card of this.#cards.keys()) this.#watcher.observe(card);
  }

  #seen(entries) {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && this.#cards.has(target)) this.#inSight.add(target);
      else this.#inSight.delete(target);
    }
    this.#soon(GATHER_MS);
  }

  #shown() {
    return [...this.#inSight].flatMap((card) => this.#cards.get(card) || []);
  }

  #age() {
    for (const tiles of this.#cards.values()) for (const tile of tiles) tile.stale = true;
    if (!document.hidden) this.#soon(0);
  }

  #soon(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#work(), wait);
  }

  async #work() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (;;) {
        const next = this.#shown().filter((tile) => tile.stale).slice(0, PER_CALL);
        if (!next.length) break;
        await fillAll(next);
      }
    } catch {
      this.#soon(RETRY_MS); // the server is away: the line above the tiles says so
    } finally {
      this.#busy = false;
    }
  }
}

async function fillAll(tiles) {
  const end = Math.floor(now());
  const days = await ask(tiles, end - DAY_S, end);
  const isYoung = ({ begin }) => begin === null || begin > end - YOUNG_S;
  const young = tiles.filter((tile) => isYoung(days.get(tile)));
  if (young.length) {
    const begin = Math.min(end, ...young.map((tile) => days.get(tile).begin ?? end));
    const closer = await ask(young, Math.min(begin, end - LOOK_BACK_S), end);
    for (const [tile, day] of closer) days.set(tile, { ...day, start: Math.min(day.begin ?? end, end - SHORTEST_S) });
  }
  for (const tile of tiles) {
    tile.stale = false;
    if (days.has(tile)) tile.fill(days.get(tile));
  }
}

async function ask(tiles, start, end) {
  const step = Math.max(Math.floor((end - start) / POINTS), 1);
  const answer = await getJson(dataPath(tiles.map((tile) => tile.key), { start, end, cf: ["AVERAGE", "MIN", "MAX"], step }));
  const found = new Map();
  for (const { series, column, cf, values } of answer.columns) found.set(`${series}:${column}:${cf}`, values);
  const days = new Map();
  for (const tile of tiles) {
    const numbers = scaled(found.get(`${tile.key}:AVERAGE`), tile);
    // What is not written yet is no gap: values that come follow the last number.
    while (numbers.length && numbers.at(-1) === null) numbers.pop();
    const first = numbers.findIndex((number) => number !== null);
    days.set(tile, {
      start,
      end,
      begin: first < 0 ? null : answer.times[first] - answer.step,
      times: answer.times.slice(0, numbers.length).map((time) => Math.min(time, end)), // the last row may not be over yet
      numbers,
      low: least(scaled(found.get(`${tile.key}:MIN`), tile), Math.min),
      high: least(scaled(found.get(`${tile.key}:MAX`), tile), Math.max),
      last: numbers.at(-1) ?? null,
    });
  }
  return days;
}

const scaled = (values, tile) => (values || []).map((value) => (value === null ? null : value * tile.factor));

function least(values, choose) {
  const known = values.filter((value) => value !== null);
  return known.length ? choose(...known) : null;
}
