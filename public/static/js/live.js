// New values as they come: server-sent events, shared by everything on the page; where they do not get through, polling.

import { getJson } from "./api.js";
import { setNow } from "./clock.js";

const POLL_MS = 2000;
const RETRY_MS = 30000;
const REOPEN_MS = 3000; // where events came before: the server is starting anew
const SILENCE_MS = 40000; // the server says something every 15 s
const MOST_NAMES = 50; // more are not named in the address: everything is sent then

const followers = new Set();
const watchers = new Set();
let source = null; // the EventSource
let asked = ""; // what it was opened for
let state = "";
let round = 0; // what belongs to an older one has no say any more
let timers = [];
let worked = false;
let scheduled = false;
let leaving = false; // a form is on its way, as the log-out's: its answer leads on, and nothing may get in before it

document.addEventListener("submit", (event) => {
  leaving = !event.defaultPrevented;
});
window.addEventListener("pageshow", () => {
  leaving = false;
});

/**
 * Call back with new values.
 * @param {string[]|null} series names; null for all
 * @param {function} onValues gets ([{series, column, value, time}], time of the server); first with all, then with what changed
 * @returns {function} ends it
 */
export function subscribe(series, onValues) {
  const follower = { names: series && new Set(series), onValues, fresh: true };
  followers.add(follower);
  schedule();
  return () => {
    followers.delete(follower);
    schedule();
  };
}

/**
 * Call back with the state of the connection, now and when it changes: `live`, `polling`, `lost`, or empty before the first answer.
 * @returns {function} ends it
 */
export function watchConnection(onState) {
  watchers.add(onState);
  onState(state);
  return () => watchers.delete(onState);
}

function setState(next) {
  if (next === state) return;
  state = next;
  for (const each of watchers) each(state);
}

// Several that begin in one turn open one connection.
function schedule() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    restart();
  });
}

function query() {
  const names = new Set();
  for (const follower of followers) {
    if (follower.names === null) return "";
    for (const name of follower.names) names.add(name);
  }
  if (names.size > MOST_NAMES) return "";
  return `?${new URLSearchParams([...names].map((name) => ["series", name]))}`;
}

function restart() {
  const wanted = followers.size && !document.hidden ? `/api/v1/events${query()}` : "";
  const complete = ![...followers].some((follower) => follower.fresh);
  if (wanted === asked && complete) return;
  asked = wanted;
  stop();
  if (wanted) listen();
}

function stop() {
  round += 1;
  source?.close();
  source = null;
  timers.forEach(clearTimeout);
  timers = [];
}

function listen() {
  stop();
  const mine = round;
  source = new EventSource(asked);
  const alive = () => {
    timers.forEach(clearTimeout);
    timers = [setTimeout(fallBack, SILENCE_MS)];
  };
  const fallBack = () => {
    if (mine !== round) return;
    stop();
    timers = [setTimeout(listen, worked ? REOPEN_MS : RETRY_MS)];
    poll(round);
  };
  alive();
  source.addEventListener("open", alive);
  source.addEventListener("alive", alive); // beside the comments, which scripts are not told of
  source.addEventListener("values", (event) => {
    alive();
    worked = true;
    hand(JSON.parse(event.data));
    setState("live");
  });
  source.addEventListener("error", fallBack);
}

async function poll(mine) {
  try {
    const answer = await getJson(asked.replace("/events", "/values"));
    if (mine !== round) return;
    hand(answer);
    setState("polling");
  } catch (error) {
    if (mine !== round) return;
    if (error.status === 401) {
      if (!leaving) window.location.reload(); // the session is over: the server leads to the log-in, and back here
      return;
    }
    setState("lost");
  }
  timers.push(setTimeout(poll, POLL_MS, mine));
}

function hand({ time, values }) {
  setNow(time);
  for (const follower of [...followers]) {
    follower.fresh = false;
    const { names } = follower;
    const fitting = names === null ? values : values.filter((each) => names.has(each.series));
    follower.onValues(fitting, time);
  }
}

document.addEventListener("visibilitychange", schedule);
// A form that leads away, as that of the log-out, is not overtaken by what the end of the session does to a page.
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) stop();
});
