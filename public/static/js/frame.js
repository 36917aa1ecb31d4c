// On every page: ages that grow, and times in the browser's zone.

import { age, moment, span } from "./format.js";

function showTimes() {
  const now = Date.now() / 1000;
  for (const element of document.querySelectorAll("time[data-time]")) show(element, Number(element.dataset.time), age, now);
  for (const element of document.querySelectorAll("time[data-since]")) show(element, Number(element.dataset.since), span, now);
}

function show(element, time, wordsOf, now) {
  const words = wordsOf(time, now);
  if (element.textContent !== words) element.textContent = words;
  if (element.dataset.titled === String(time)) return;
  element.title = moment(time);
  element.dataset.titled = String(time);
}

showTimes();
setInterval(showTimes, 1000);
