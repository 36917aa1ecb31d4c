// The page of graphs: those in sight are drawn anew in time, values come by themselves, and the filter acts as one types.

import { now } from "./clock.js";
import { keepValues } from "./values.js";

const SPAN_S = { "-1h": 3600, "-4h": 14400, "-1d": 86400, "-1w": 604800, "-1mon": 2629800, "-1y": 31557600, "-10y": 315576000 };
const PIXELS = 600;
const SOONEST_S = 10;
const TYPING_MS = 500;

const inSight = new Set();

/** The address of a picture that ends at a time. */
function address(old, end) {
  const url = new URL(old, location.href);
  const start = url.searchParams.get("start");
  url.searchParams.set("start", start.startsWith("end") ? start : `end${start}`);
  url.searchParams.set("end", String(end));
  return url.pathname + url.search;
}

/** Give a picture a new address when a new column of pixels is due. */
function renew(picture) {
  const pixel = Math.max(Math.floor((SPAN_S[picture.dataset.at] || 3600) / PIXELS), SOONEST_S);
  const end = String(Math.floor(now() / pixel) * pixel);
  if (picture.dataset.end === end) return;
  picture.dataset.end = end;
  for (const source of picture.querySelectorAll("source")) source.srcset = address(source.srcset, end);
  const image = picture.querySelector("img");
  image.src = address(image.getAttribute("src"), end);
}

function watchPictures() {
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) {
        inSight.delete(target);
        continue;
      }
      inSight.add(target);
      // Its first picture is being fetched already; only one that has been out of sight may be old.
      if (target.dataset.end) renew(target);
    }
  });
  document.querySelectorAll("picture[data-graph]").forEach((picture) => watcher.observe(picture));
  setInterval(() => document.hidden || inSight.forEach(renew), SOONEST_S * 1000);
}

function startFilter(input) {
  const cards = [...document.querySelectorAll("[data-search]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  const { found, shown, total } = document.body.dataset;
  // A page that does not hold every series cannot filter by itself: the server does.
  const whole = found === total && shown === found;
  let timer = 0;

  function apply() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of cards) {
      card.hidden = !words.every((word) => card.dataset.search.includes(word));
      count += card.hidden ? 0 : 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("[data-search]:not([hidden])");
    document.getElementById("nothing").hidden = count > 0;
    document.getElementById("count").textContent = `${count} of ${total} series`;
    for (const link of document.querySelectorAll(".spans a")) link.href = withQuery(link.href, words.length ? input.value : "");
    history.replaceState(null, "", withQuery(location.href, input.value.trim()));
  }

  input.addEventListener("input", () => {
    if (whole) return apply();
    clearTimeout(timer);
    timer = setTimeout(() => input.form.submit(), TYPING_MS);
    return undefined;
  });
  if (whole) {
    input.form.addEventListener("submit", (event) => event.preventDefault());
    if (input.value) apply();
  } else if (input.value) {
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
  }
}

function withQuery(address, wanted) {
  const url = new URL(address, location.href);
  if (wanted) url.searchParams.set("q", wanted);
  else url.searchParams.delete("q");
  return url.pathname + url.search;
}

/** `/` goes to the filter, as on many pages with one. */
function focusBySlash(input) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    input.focus();
  });
}

const input = document.getElementById("filter");
if (input) {
  startFilter(input);
  focusBySlash(input);
}
watchPictures();
keepValues(() => {
  const fresh = document.getElementById("fresh");
  if (fresh && document.body.dataset.found === document.body.dataset.shown) fresh.hidden = false;
});
