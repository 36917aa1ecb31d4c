// On every page: ages that grow, and times in the browser's zone.

import { now } from "./clock.js";
import { age, moment, span } from "./format.js";

function showTimes() {
  const time = now();
  for (const element of document.querySelectorAll("time[data-time]")) show(element, Number(element.dataset.time), age, time);
  for (const element of document.querySelectorAll("time[data-since]")) show(element, Number(element.dataset.since), span, time);
}

function show(element, time, wordsOf, present) {
  const words = wordsOf(time, present);
  if (element.textContent !== words) element.textContent = words;
  if (element.dataset.titled === String(time)) return;
  element.title = moment(time);
  element.dataset.titled = String(time);
}

showTimes();
setInterval(showTimes, 1000);
