// A value on the dashboard: its number, age, sparkline, and the lowest and highest of the day.

import { now } from "./clock.js";
import { amount, brief, briefRange, unitsOf } from "./format.js";
import { Rate } from "./rate.js";
import { draw } from "./sparks.js";

const OLD_S = 86400;
const FRESH_MS = 700;

export class Tile {
  /** @param {HTMLElement} element `li.reading` */
  constructor(element) {
    const { series, column, type, units, kept, factor } = element.dataset;
    this.element = element;
    this.series = series;
    this.key = `${series}:${column}`;
    this.isCounter = type !== "GAUGE";
    this.units = units;
    this.kept = kept;
    this.factor = Number(factor);
    this.value = element.querySelector(".value");
    this.total = element.querySelector(".total");
    this.age = element.querySelector("time");
    this.range = element.querySelector(".range");
    this.spark = element.querySelector(".spark");
    this.rate = new Rate(type);
    this.day = null; // {start, end, times, numbers, low, high} of the last day
    this.stale = true; // whether the day is to be asked for
  }

  /** Show a value that came; returns whether it is a new one. */
  take(value, time) {
    if (time !== null && Number(this.age.dataset.time) > time) return false;
    if (time !== null) {
      this.age.dataset.time = String(Math.floor(time));
      this.age.dateTime = new Date(time * 1000).toISOString();
    }
    const number = this.isCounter ? this.#count(value, time) : value;
    if (this.total) write(this.total, brief(value, this.units));
    if (this.isCounter && number === null) return false;
    this.#show(number, this.isCounter ? this.kept : this.units);
    this.#extend(number, time);
    return true;
  }

  #count(value, time) {
    const rate = this.rate.take(value, time);
    return rate === null ? null : rate * this.factor;
  }

  #show(number, units) {
    const words = amount(number, units);
    const [big, small] = this.value.children;
    if (big.textContent !== words) {
      big.textContent = words;
      this.#flash();
    }
    write(small, unitsOf(number, units));
  }

  // Not animated: a house of thousands of values would be painted without end.
  #flash() {
    clearTimeout(this.fading);
    this.value.classList.add("fresh");
    this.fading = setTimeout(() => this.value.classList.remove("fresh"), FRESH_MS);
  }

  /** Take the rows of the last day, in the units of the file. */
  fill(day) {
    this.day = day;
    this.stale = false;
    if (this.isCounter && day.last !== null && this.value.firstElementChild.textContent === "–") {
      this.#show(day.last, this.kept);
    }
    this.paint();
  }

  #extend(number, time) {
    if (!this.day || number === null || time === null || time <= this.day.end) return;
    this.day.end = time;
    this.day.times.push(time);
    this.day.numbers.push(number);
    this.day.low = Math.min(this.day.low ?? number, number);
    this.day.high = Math.max(this.day.high ?? number, number);
    this.paint();
  }

  paint() {
    const { day } = this;
    this.element.classList.toggle("old", now() - Number(this.age.dataset.time || 0) > OLD_S);
    if (!day) return;
    draw(this.spark, day);
    const units = this.isCounter ? this.kept : this.units;
    write(this.range, day.low === null ? "" : briefRange(day.low, day.high, units));
  }
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
