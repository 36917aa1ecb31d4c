// The editor of a board: its names, its tiles, and what is said of saving.

import { Arranger } from "./arrange.js";
import { askConflict } from "./conflict.js";
import { askTile } from "./dialog.js";
import { DELETED } from "./names.js";
import { Saver } from "./saver.js";
import { contentOf, deleteBoard, tileOf } from "./server.js";
import { readTile, sizeTile } from "./tiles.js";

const WORDS = { saving: "Saving…", saved: "All changes saved", failed: "Not saved: ", conflict: "Changed by somebody else" };
const byId = (id) => document.getElementById(id);
const titleOf = (element) => element.querySelector(".tile-title").textContent.trim();

export class Editor {
  /** @param {Tiles} tiles of the board that the page shows */
  constructor(tiles) {
    this.tiles = tiles;
    this.saver = new Saver(JSON.parse(tiles.grid.dataset.board), {
      onState: (word, detail = "") => this.showState(word, detail),
      onSaved: () => this.onSaved(),
      onConflict: (theirs, mine, base) => this.onConflict(theirs, mine, base),
      onContent: (content) => this.show(content),
    });
    this.arranger = new Arranger(tiles, {
      onOrder: (elements) => this.changeTiles(elements.map(readTile)),
      onSize: (element, width, height) => this.resize(element, width, height),
      onEdit: (element) => this.edit(element),
      onRemove: (element) => this.remove(element),
      say: (text) => this.say(text),
    });
    this.listen();
    if (location.hash === "#edit") this.open(true);
  }

  listen() {
    byId("edit").addEventListener("click", () => this.open(byId("editor").hidden));
    byId("edit").disabled = false; // from now on a click does something
    byId("add-tile").addEventListener("click", () => this.add());
    byId("first-tile")?.addEventListener("click", () => {
      this.open(true);
      this.add();
    });
    byId("undo").addEventListener("click", () => this.undo());
    byId("retry").addEventListener("click", () => this.saver.save());
    byId("delete-board").addEventListener("click", () => this.deleteBoard());
    byId("edit-title").addEventListener("input", () => this.rename());
    byId("edit-note").addEventListener("input", () => this.rename());
    window.addEventListener("keydown", (event) => this.onKey(event));
    window.addEventListener("beforeunload", (event) => this.saver.dirty && event.preventDefault());
    document.addEventListener("visibilitychange", () => document.hidden && this.saver.dirty && this.saver.save());
  }

  /** Whether the board is being edited. */
  get editing() {
    return !byId("editor").hidden;
  }

  open(on) {
    byId("editor").hidden = !on;
    byId("edit").textContent = on ? "Done" : "Edit";
    byId("edit").setAttribute("aria-pressed", String(on));
    this.tiles.grid.classList.toggle("editing", on);
    history.replaceState(null, "", on ? "#edit" : location.pathname);
    if (on) {
      this.arranger.start();
      this.fillNames(this.saver.content);
    } else {
      this.arranger.stop();
      if (this.saver.dirty) this.saver.save();
    }
  }

  // -- changes -----------------------------------------------------------------------------------------

  changeTiles(tiles) {
    this.saver.change({ ...this.saver.content, tiles: tiles.map(tileOf) });
  }

  resize(element, width, height) {
    sizeTile(element, width, height);
    this.changeTiles(this.tiles.elements.map(readTile));
  }

  async add() {
    const tile = await askTile();
    if (!tile) return;
    this.changeTiles([...this.saver.content.tiles, tile]);
    await this.saver.save();
    this.tiles.elements.at(-1)?.scrollIntoView({ block: "nearest" });
    this.say("Tile added.");
  }

  async edit(element) {
    const place = this.tiles.elements.indexOf(element);
    const tile = await askTile(readTile(element));
    if (!tile) return;
    this.changeTiles(this.saver.content.tiles.map((each, index) => (index === place ? tile : each)));
    await this.saver.save();
    this.focusTool(place, "edit");
  }

  remove(element) {
    const place = this.tiles.elements.indexOf(element);
    this.say(`${titleOf(element)} deleted. Undo brings it back.`);
    this.changeTiles(this.saver.content.tiles.filter((_, index) => index !== place));
    if (!this.focusTool(Math.min(place, this.tiles.elements.length - 1), "remove")) byId("undo").focus();
  }

  focusTool(place, name) {
    const found = this.tiles.elements[place]?.querySelector(`.tool.${name}`);
    found?.focus();
    return Boolean(found);
  }

  rename() {
    const title = byId("edit-title").value.trim();
    byId("edit-title").setAttribute("aria-invalid", String(!title));
    if (!title) {
      this.showState("failed", "a board needs a title.");
      return;
    }
    this.saver.change({ ...this.saver.content, title, note: byId("edit-note").value.trim() }, "names");
  }

  undo() {
    this.saver.undo();
    this.saver.save();
    this.say("Taken back.");
  }

  async deleteBoard() {
    const { board, content } = this.saver;
    try {
      await deleteBoard(board.id, board.version);
    } catch (error) {
      if (error.status === 412) await this.saver.conflict();
      else if (error.status !== 404) this.showState("failed", error.message);
      if (error.status !== 404) return;
    }
    sessionStorage.setItem(DELETED, JSON.stringify({ id: board.id, content }));
    this.saver.content = contentOf(board); // nothing is left to be saved
    window.location.assign("/boards");
  }

  onKey(event) {
    const typing = event.target.closest?.("input, select, textarea, dialog");
    if (this.editing && !typing && event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
      event.preventDefault();
      this.undo();
    }
  }

  // -- what is shown -------------------------------------------------------------------------------------

  show(content) {
    this.tiles.arrange(content.tiles);
    if (this.editing) this.arranger.start();
    byId("no-tiles").hidden = content.tiles.length > 0;
    for (const each of document.querySelectorAll("#board-title, .trail [aria-current]")) each.textContent = content.title;
    byId("board-note").textContent = content.note;
    byId("board-note").hidden = !content.note;
    document.title = document.title.replace(/.*( · [^·]+)$/, (_, rest) => content.title + rest);
    byId("undo").disabled = !this.saver.past.length;
    this.fillNames(content);
  }

  fillNames({ title, note }) {
    const fill = (input, text) => {
      if (input !== document.activeElement) input.value = text;
    };
    fill(byId("edit-title"), title);
    fill(byId("edit-note"), note);
  }

  showState(word, detail) {
    const state = byId("save-state");
    state.textContent = WORDS[word] + detail;
    state.dataset.state = word;
    byId("retry").hidden = word !== "failed" || !this.saver.dirty;
  }

  async onSaved() {
    if (!this.tiles.waiting) return;
    // The server makes the tiles: what it shows and what is added here look the same.
    const response = await fetch(location.pathname, { cache: "no-store" }).catch(() => null);
    if (!response?.ok || this.saver.dirty) return;
    const copy = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("board");
    if (!copy || this.saver.dirty) return;
    this.tiles.replace(copy);
    if (this.editing) this.arranger.start();
  }

  async onConflict(theirs, mine, base) {
    const choice = await askConflict(theirs, mine, base);
    if (choice === "later") {
      this.saver.held = false;
      this.showState("failed", "somebody else has changed this board.");
    } else if (choice === "theirs") {
      if (theirs) this.saver.takeTheirs(theirs);
      else window.location.assign("/boards");
    } else if (theirs) {
      await this.saver.keepMine(theirs);
    } else {
      await this.saver.putBack();
    }
  }

  say(text) {
    byId("said").textContent = text;
  }
}
