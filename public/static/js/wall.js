// A board that fills a screen on the wall: awake, in step with the server for months, and plain about what is old.

import { amount, grouped } from "./format.js";
import { watchConnection } from "./live.js";
import { Tiles } from "./boards/tiles.js";

const LOOK_MS = 20000; // how often the server is asked for another board, or another version of itself
const LOST_MS = 45000;
const FRESH_MS = 24 * 3600 * 1000; // the page is loaded anew each day, so that nothing can pile up
const TOOLS_MS = 5000;
const REFUSED = {
  403: "This screen may not look any more.",
  404: "This board was deleted.",
};
const byId = (id) => document.getElementById(id);

const grid = byId("board");
const board = JSON.parse(grid.dataset.board);
const tiles = new Tiles(grid, glance);
const began = performance.now();
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
let heard = Date.now(); // when the server last answered
let connection = "";
let refused = "";

/** A number in three digits, which is what one sees from across the room; one that had a fraction keeps its decimals. */
function glance(value, units, element) {
  if (typeof value !== "number" || (units === "s" && Math.abs(value) >= 120)) return amount(value, units);
  if (!Number.isInteger(value)) element.dataset.fraction = "";
  const size = Math.abs(value);
  if (!("fraction" in element.dataset) || size >= 1e6 || (size > 0 && size < 0.01)) return amount(value, units);
  return grouped(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

// -- what is old ----------------------------------------------------------------------------------------

function showState() {
  const now = Date.now();
  byId("clock").textContent = clock.format(now);
  const lost = connection === "lost" || now - heard > LOST_MS;
  const words = refused || (lost ? `No connection since ${clock.format(heard)}. Numbers are old.` : "");
  const told = byId("connection");
  if (told.textContent !== words) told.textContent = words;
  told.hidden = !words;
  document.body.classList.toggle("stale", Boolean(words));
}

watchConnection((state) => {
  connection = state;
  if (state === "live" || state === "polling") heard = Date.now();
  showState();
});

// -- in step with the server ------------------------------------------------------------------------------

async function answerOf(path, headers) {
  const response = await fetch(path, { cache: "no-store", headers, credentials: "same-origin", signal: AbortSignal.timeout(10000) });
  heard = Date.now();
  return response;
}

/** Loads the page anew where board or server are not those that it was made by; only while the server answers. */
async function look() {
  const health = await (await answerOf("/healthz", {})).json();
  const current = await answerOf(`/api/v1/boards/${encodeURIComponent(board.id)}`, { "If-None-Match": `"${board.version}"` });
  const before = refused;
  refused = REFUSED[current.status] || "";
  if (refused) return;
  const another = health.version && health.version !== document.body.dataset.version; // who is logged out is not told
  // 401: the session has ended, and the page leads to the log-in.
  const early = "early" in document.body.dataset; // made before the store was up
  if (before || another || early || [200, 401].includes(current.status) || performance.now() - began > FRESH_MS) location.reload();
}

async function keepInStep() {
  try {
    await look();
  } catch {
    // `heard` stays, and tells so
  }
  showState();
  setTimeout(keepInStep, LOOK_MS);
}

// -- awake ------------------------------------------------------------------------------------------------

let lock = null;

async function stayAwake() {
  if (document.hidden || !navigator.wakeLock || (lock && !lock.released)) return;
  try {
    lock = await navigator.wakeLock.request("screen");
  } catch {
    lock = null; // not charged enough, or not allowed: the tablet's own settings count
  }
}

document.addEventListener("visibilitychange", stayAwake);
setInterval(stayAwake, 60000);

// -- tools, there for a while after a touch ------------------------------------------------------------------

let hiding = 0;

function showTools() {
  document.body.classList.add("touched");
  clearTimeout(hiding);
  hiding = setTimeout(() => document.body.classList.remove("touched"), TOOLS_MS);
}

for (const name of ["pointermove", "pointerdown", "keydown"]) document.addEventListener(name, showTools, { passive: true });
const fill = byId("fill");
fill.hidden = !document.fullscreenEnabled;
fill.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
});
document.addEventListener("fullscreenchange", () => {
  fill.textContent = document.fullscreenElement ? "Leave full screen" : "Fill the screen";
});

stayAwake();
showState();
setInterval(showState, 1000);
setTimeout(keepInStep, LOOK_MS);
window.addEventListener("pagehide", () => tiles.stop());
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
