// Keeps the last values and ages of a page fresh: every `.value[data-series]` and `time.age[data-series]`.

import { amount, unitsOf } from "./format.js";
import { subscribe, watchConnection } from "./live.js";

/**
 * Follow the series on the page, and note on `<body class="stale">` while the server is away.
 * @param {function} onNew called with the names of series that the page does not have
 * @returns {function} ends it
 */
export function keepValues(onNew = null) {
  const values = group(".value[data-series]", (data) => `${data.series}\n${data.column}`);
  const ages = group("time.age[data-series]", (data) => data.series);
  const unwatch = watchConnection((state) => document.body.classList.toggle("stale", state === "lost"));
  const names = [...new Set([...ages.keys(), ...[...values.keys()].map((key) => key.split("\n")[0])])];
  const end = subscribe(onNew ? null : names, (fresh) => {
    const strangers = new Set();
    for (const each of fresh) {
      const shown = values.get(`${each.series}\n${each.column}`);
      if (!shown) strangers.add(each.series);
      for (const element of shown || []) showValue(element, each.value);
      for (const element of ages.get(each.series) || []) showAge(element, each.time);
    }
    if (strangers.size) onNew?.([...strangers]);
  });
  return () => {
    end();
    unwatch();
  };
}

/** Write a number into a `.value`, whose `data-units` are its units. */
export function showValue(element, value) {
  const { units = "" } = element.dataset;
  const number = element.firstElementChild;
  const words = amount(value, units);
  if (number.textContent !== words) number.textContent = words;
  element.lastElementChild.textContent = unitsOf(value, units);
}

/** Set the time, in seconds since the epoch, that an age counts from; frame.js keeps its words. */
export function showAge(element, time) {
  if (time === null || Number(element.dataset.time) >= time) return;
  element.dataset.time = String(Math.floor(time));
  element.dateTime = new Date(time * 1000).toISOString();
}

function group(selector, keyOf) {
  const found = new Map();
  for (const element of document.querySelectorAll(selector)) {
    const key = keyOf(element.dataset);
    found.set(key, [...(found.get(key) || []), element]);
  }
  return found;
}
