// Explore: asks what the bus says once a second, and has tree and topic show it.

import { getJson } from "./api.js";
import { LogDialog } from "./explore-log.js";
import { showAges } from "./explore-text.js";
import { TopicPane } from "./explore-topic.js";
import { Tree } from "./explore-tree.js";

const POLL_MS = 1000;
const BEGIN_MS = 200;
const byId = (id) => document.getElementById(id);

const dialog = new LogDialog(byId("log"), () => wake());
const pane = new TopicPane(byId("pane"), (topic, number, verdict) => dialog.open(topic, number, verdict));
const tree = new Tree(byId("tree"), (topic) => {
  pane.choose(topic);
  history.replaceState(null, "", topic === null ? location.pathname : `#${encodeURIComponent(topic)}`);
  wake();
}, () => wake());

let timer = 0;
let pause = POLL_MS;
let asking = false;
let again = false;

function tell(answer) {
  const { hearing } = answer;
  const fresh = !hearing.connected && answer.time - hearing.since < 3;
  pause = fresh ? BEGIN_MS : POLL_MS;
  let said = "Listening: nothing was heard yet";
  if (fresh) said = "Beginning to listen …";
  else if (!hearing.connected) said = "Not connected to the broker";
  else if (answer.topics) said = `${answer.topics} topics, ${answer.messages} messages since you look`;
  if (byId("hearing").textContent !== said) byId("hearing").textContent = said;
  const notes = [];
  if (hearing.sentence && !fresh) notes.push(hearing.sentence);
  if (hearing.crowded) notes.push("More comes than is looked at here, so counts are too low. What is logged is not touched by that.");
  byId("trouble").hidden = notes.length === 0;
  if (byId("trouble").textContent !== notes.join(" ")) byId("trouble").textContent = notes.join(" ");
  const bounds = [];
  if (answer.beyond) bounds.push(`${answer.beyond} messages came on further topics, for which there is no room here.`);
  if (answer.unreadable) bounds.push(`${answer.unreadable} messages came on topics that are no text.`);
  byId("bounds").hidden = bounds.length === 0;
  byId("bounds").textContent = bounds.join(" ");
}

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const words = byId("search").value.trim();
    const answer = words
      ? await getJson(`/api/v1/explore?limit=200&search=${encodeURIComponent(words.slice(0, 300))}`)
      : await askBranches();
    tell(answer);
    if (words) tree.showFound(answer);
    else tree.showBranches(answer);
    showAges(byId("tree"), answer.time);
    await pane.refresh();
  } catch (error) {
    byId("trouble").hidden = false;
    byId("trouble").textContent = error.message;
  } finally {
    asking = false;
  }
  if (again) {
    again = false;
    await refresh();
  }
}

/** The branches that are open; those of which more than a page is wanted are asked page by page. */
async function askBranches() {
  const wanted = tree.wanted();
  const query = new URLSearchParams({ limit: "200" });
  for (const { prefix } of wanted) query.append("prefix", prefix);
  const answer = await getJson(`/api/v1/explore?${query}`);
  for (const [index, { prefix, pages }] of wanted.entries()) {
    const branch = answer.branches[index];
    for (let page = 1; page < pages && branch.next_cursor; page += 1) {
      const rest = new URLSearchParams({ limit: "200", prefix, cursor: branch.next_cursor });
      const [more] = (await getJson(`/api/v1/explore?${rest}`)).branches;
      branch.rows.push(...more.rows);
      branch.next_cursor = more.next_cursor;
    }
  }
  return answer;
}

async function keepFresh() {
  clearTimeout(timer);
  if (!document.hidden) await refresh();
  clearTimeout(timer);
  timer = setTimeout(keepFresh, pause);
}

function wake() {
  keepFresh();
}

let typing = 0;
byId("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(wake, 200);
});
byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  wake();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) wake();
});
document.addEventListener("keydown", (event) => {
  const typed = event.target.closest?.("input, textarea, select, dialog");
  if (event.key === "/" && !typed && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId("search").focus();
  }
});

try {
  const asked = decodeURIComponent(location.hash.slice(1));
  if (asked) tree.reveal(asked);
} catch {
  // an address that somebody has cut: nothing is chosen
}
keepFresh();
