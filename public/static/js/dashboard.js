// The dashboard: values as they come, nodes as they appear and go, and a filter that the server answers.

import { getJson } from "./api.js";
import { shortMoment } from "./format.js";
import { subscribe, watchConnection } from "./live.js";
import { Sparks } from "./sparks.js";
import { Tile } from "./tiles.js";

const TYPING_MS = 200;
const NODES_MS = 3000;
const SOONEST_MS = 1000; // between two looks at the whole house
const MACHINES_MS = 30000; // the same where there are machines, of which the busiest stand first

const sparks = new Sparks();
const tiles = new Map(); // by series:column
const known = new Set(); // names of series
let others = "[]"; // nodes that are not as the page shows them
let asking = null;
let lastLook = 0;
let timer = 0;

// -- tiles -------------------------------------------------------------------------------------------

/** Take over the tiles of a layout; those that are on the page already stay, with what they have. */
function adopt(house) {
  const found = new Map();
  for (const element of house.querySelectorAll(".reading")) {
    const fresh = new Tile(element);
    const old = tiles.get(fresh.key);
    if (old && isLike(old, fresh)) element.replaceWith(old.element);
    found.set(fresh.key, old && isLike(old, fresh) ? old : fresh);
  }
  tiles.clear();
  for (const [key, tile] of found) tiles.set(key, tile);
}

const labelOf = (tile) => tile.element.querySelector(".reading-label").textContent;
const isLike = (one, other) => one.type === other.type && one.units === other.units && labelOf(one) === labelOf(other);

let waiting = new Map();

function take(values) {
  let strange = false;
  for (const each of values) {
    if (!known.has(each.series)) strange = true;
    known.add(each.series);
    waiting.set(`${each.series}:${each.column}`, each);
  }
  requestAnimationFrame(showWaiting);
  if (strange && known.size !== Number(document.getElementById("house").dataset.series)) look();
}

function showWaiting() {
  for (const [key, { value, time }] of waiting) tiles.get(key)?.take(value, time);
  waiting = new Map();
}

// -- the whole house: the server lays it out, and tiles that are there stay ---------------------------

function look() {
  clearTimeout(timer);
  timer = setTimeout(lookNow, Math.max(lastLook + SOONEST_MS - performance.now(), 0));
}

async function lookNow() {
  lastLook = performance.now();
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: asking.signal });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    lay(fresh);
  } catch {
    // The line above the tiles says that the server is away; the next change asks again.
  }
}

function lay(fresh) {
  const house = document.importNode(fresh.getElementById("house"), true);
  const focus = document.activeElement?.closest(".reading a, .node a");
  const link = focus?.getAttribute("href");
  adopt(house);
  const form = fresh.querySelector(".head .filter");
  if (form && !document.querySelector(".head .filter")) {
    document.querySelector(".head").append(document.importNode(form, true));
    startFilter();
  }
  document.getElementById("house").replaceWith(house);
  sparks.watch(tiles.values());
  if (link && !focus.isConnected) [...house.querySelectorAll("a")].find((each) => each.getAttribute("href") === link)?.focus();
  else focus?.focus();
  banner(fresh);
}

function banner(fresh) {
  const [old, next] = [document.querySelector(".banner"), fresh.querySelector(".banner")];
  if (old && next && old.textContent === next.textContent) return;
  old?.remove();
  if (next) document.getElementById("main").prepend(document.importNode(next, true));
}

/** Whether a node is not as the page shows it. */
function isOther({ hadd, name, state }) {
  const house = document.getElementById("house");
  const shown = house.querySelector(`[data-node="${CSS.escape(hadd)}"]`);
  if (!shown) return house.dataset.whole === "1";
  return shown.dataset.state !== (state ?? "") || shown.dataset.name !== name;
}

async function watchNodes() {
  if (!document.hidden) {
    try {
      const answer = await getJson("/api/v1/nodes?limit=1000");
      const now = JSON.stringify(answer.nodes.filter(isOther).map(({ hadd, name, state }) => [hadd, name, state]));
      // What looking at it anew has not changed is not looked at again and again.
      if (now !== "[]" && now !== others) look();
      others = now;
      const machines = document.getElementById("house").dataset.machines !== undefined;
      if (machines && performance.now() - lastLook > MACHINES_MS) look();
    } catch {
      // told by the connection's state
    }
  }
  setTimeout(watchNodes, NODES_MS);
}

// -- filter ------------------------------------------------------------------------------------------

function startFilter() {
  const input = document.getElementById("filter");
  if (!input) return;
  let typing = 0;
  const apply = () => {
    const url = new URL(location.href);
    if (input.value.trim()) url.searchParams.set("q", input.value.trim());
    else url.searchParams.delete("q");
    history.replaceState(null, "", url);
    lookNow();
  };
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(apply, TYPING_MS);
  });
  input.form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    input.focus();
  });
}

// -- the connection ----------------------------------------------------------------------------------

function showConnection() {
  const link = document.getElementById("link");
  const words = { live: "Live", polling: "Every 2 s", lost: "" };
  let lastHeard = Date.now() / 1000;
  let lost = false;
  watchConnection((state) => {
    if (state === "lost" && !lost) link.textContent = `No answer from the server: values as of ${shortMoment(lastHeard)}`;
    else if (state && state !== "lost") link.textContent = words[state];
    if (lost && state !== "lost") look();
    lost = state === "lost";
    link.className = `link ${state}`;
    link.hidden = !state;
    document.body.classList.toggle("stale", lost);
  });
  return () => {
    lastHeard = Date.now() / 1000;
  };
}

adopt(document.getElementById("house"));
sparks.watch(tiles.values());
startFilter();
const heard = showConnection();
subscribe(null, (values) => {
  heard();
  take(values);
});
watchNodes();
