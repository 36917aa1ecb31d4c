// Two people changed one board: shows what the other one did, and asks whose board it shall be.

import { make } from "./dom.js";

const byId = (id) => document.getElementById(id);
const keyOf = (tile) => JSON.stringify([tile.kind, tile.series.map((each) => [each.name, each.column])]);
const nameOf = (tile) => tile.title || tile.series.map((each) => each.name).join(", ");

/**
 * Ask what to do; answers `theirs`, `mine`, or `later`.
 * @param {object|null} theirs the board on the server; null where it was deleted
 * @param {object} mine what is to be saved
 * @param {object} base what both began with
 */
export function askConflict(theirs, mine, base) {
  const dialog = byId("conflict-dialog");
  const changes = theirs ? changesOf(base, theirs) : ["The board was deleted."];
  byId("conflict-told").textContent = theirs
    ? "While you worked on it, somebody else, or you in another window, has saved:"
    : "While you worked on it, it was deleted. You can put it back with your changes.";
  byId("conflict-changes").replaceChildren(...changes.map((each) => make("li", {}, each)));
  byId("take-theirs").textContent = theirs ? "Take theirs" : "Leave it deleted";
  byId("keep-mine").textContent = theirs ? "Keep mine" : "Put it back";
  return new Promise((resolve) => {
    const watch = new AbortController();
    const { signal } = watch;
    const end = (choice) => {
      watch.abort();
      dialog.close();
      resolve(choice);
    };
    byId("take-theirs").addEventListener("click", () => end("theirs"), { signal });
    byId("keep-mine").addEventListener("click", () => end("mine"), { signal });
    dialog.addEventListener("close", () => end("later"), { signal });
    dialog.showModal();
    byId("keep-mine").focus();
  });
}

/** What is different in a board, in sentences. */
export function changesOf(before, after) {
  const changes = [];
  if (before.title !== after.title) changes.push(`Title: “${before.title}” is “${after.title}” now.`);
  if ((before.note || "") !== (after.note || "")) changes.push(after.note ? `Note: “${after.note}”` : "The note was taken away.");
  const old = new Map();
  for (const tile of before.tiles) old.set(keyOf(tile), [...(old.get(keyOf(tile)) || []), tile]);
  const stayed = [];
  for (const tile of after.tiles) {
    const same = old.get(keyOf(tile))?.shift();
    if (!same) {
      changes.push(`Tile added: ${nameOf(tile)}`);
      continue;
    }
    stayed.push(same);
    if (JSON.stringify(same) !== JSON.stringify(tile)) changes.push(`Tile changed: ${changedParts(same, tile)}`);
  }
  for (const tile of [...old.values()].flat()) changes.push(`Tile deleted: ${nameOf(tile)}`);
  const order = before.tiles.filter((tile) => stayed.includes(tile));
  if (order.some((tile, index) => tile !== stayed[index])) changes.push("The tiles are in another order.");
  return changes.length ? changes : ["Nothing that can be seen: it was saved again as it was."];
}

function changedParts(before, after) {
  const parts = [];
  if (before.title !== after.title) parts.push(after.title ? `it is called “${after.title}” now` : "it has no title of its own now");
  if (before.width !== after.width || before.height !== after.height) parts.push(`${after.width} wide, ${after.height} high`);
  if (before.span !== after.span) parts.push(`span ${after.span}`);
  return `${nameOf(before)}: ${parts.join("; ") || "axes"}`;
}
