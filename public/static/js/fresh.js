// Keeps the parts of a page fresh that the server writes: it is fetched again, and every `[data-fresh]` that has changed is exchanged.
// How often is in seconds on `<body data-fresh-every>`.

const every = Number(document.body.dataset.freshEvery || 10) * 1000;
const written = new Map(); // what the server has written last, by name: scripts change what is shown, as ages

for (const part of document.querySelectorAll("[data-fresh]")) written.set(part.dataset.fresh, null);

/** Whether somebody reads or uses a part right now, who would lose his place in it. */
function isInUse(part) {
  const selection = document.getSelection();
  const selected = selection && !selection.isCollapsed && part.contains(selection.anchorNode);
  return selected || (part.contains(document.activeElement) && document.activeElement.matches(":focus-visible"));
}

function exchange(fresh) {
  for (const next of fresh.querySelectorAll("[data-fresh]")) {
    const name = next.dataset.fresh;
    const part = document.querySelector(`[data-fresh="${CSS.escape(name)}"]`);
    const content = next.innerHTML;
    if (!part || written.get(name) === content || isInUse(part)) continue;
    written.set(name, content);
    part.replaceChildren(...[...next.childNodes].map((node) => document.adoptNode(node)));
  }
}

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
    document.body.classList.remove("stale");
  } catch {
    // The server is away: what is shown stays, and its ages grow.
    document.body.classList.add("stale");
  }
}

async function keepFresh() {
  await refresh();
  setTimeout(keepFresh, every);
}

setTimeout(keepFresh, every);
document.addEventListener("visibilitychange", refresh);
