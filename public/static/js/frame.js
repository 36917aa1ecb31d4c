// On every page: ages that grow, and times in the browser's zone.

import { age, moment } from "./format.js";

function showTimes() {
  for (const element of document.querySelectorAll("time[data-time]")) {
    const time = Number(element.dataset.time);
    const words = age(time);
    if (element.textContent !== words) element.textContent = words;
    if (element.dataset.titled !== element.dataset.time) {
      element.title = moment(time);
      element.dataset.titled = element.dataset.time;
    }
  }
}

showTimes();
setInterval(showTimes, 1000);
