// Tiles in another order or size: by dragging the handle or a corner, or by the arrow keys on the handle.

import { tool } from "./dom.js";
import { readTile } from "./tiles.js";

const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity };
const SIZES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const MOST = { width: 4, height: 4 };
const within = (value, most) => Math.min(Math.max(value, 1), most);
const titleOf = (tile) => tile.querySelector(".tile-title").textContent.trim();

export class Arranger {
  /**
   * @param {Tiles} tiles of the board
   * @param {object} on onOrder(elements), onSize(element, width, height), onEdit(element), onRemove(element), say(text)
   */
  constructor(tiles, on) {
    this.tiles = tiles;
    this.on = on;
  }

  /** Put the tools on every tile that has none. */
  start() {
    for (const element of this.tiles.elements) if (!element.querySelector(".tile-tools")) this.equip(element);
    this.limits();
  }

  /** Take the tools away. */
  stop() {
    for (const each of this.tiles.grid.querySelectorAll(".tile-tools, .tool.size")) each.remove();
  }

  equip(element) {
    const name = titleOf(element);
    const bar = document.createElement("div");
    bar.className = "tile-tools";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", name);
    const handle = tool("handle", `Move ${name}: drag, or arrow keys; with Shift they change its size`);
    handle.addEventListener("keydown", (event) => this.key(event, element, handle));
    handle.addEventListener("pointerdown", (event) => this.drag(event, element, handle));
    bar.append(
      handle,
      tool("earlier", `Move ${name} earlier`, (event) => this.move(element, -1, event.currentTarget)),
      tool("later", `Move ${name} later`, (event) => this.move(element, 1, event.currentTarget)),
      tool("edit", `Change ${name}`, () => this.on.onEdit(element)),
      tool("remove", `Delete ${name}`, () => this.on.onRemove(element)),
    );
    const corner = tool("size", `Size of ${name}: drag`);
    corner.tabIndex = -1; // the handle has keys for it
    corner.setAttribute("aria-hidden", "true");
    corner.addEventListener("pointerdown", (event) => this.stretch(event, element));
    element.append(bar, corner);
  }

  limits() {
    const { elements } = this.tiles;
    elements.forEach((element, index) => {
      const disable = (name, off) => element.querySelector(`.tool.${name}`)?.setAttribute("aria-disabled", String(off));
      disable("earlier", index === 0);
      disable("later", index === elements.length - 1);
    });
  }

  key(event, element, handle) {
    const size = event.shiftKey && SIZES[event.key];
    const step = !event.shiftKey && STEPS[event.key];
    if (!size && !step) return;
    event.preventDefault();
    if (size) this.resize(element, size[0], size[1], true);
    else this.move(element, step, handle);
  }

  move(element, step, focused) {
    const { elements, grid } = this.tiles;
    const from = elements.indexOf(element);
    const to = Math.min(Math.max(from + step, 0), elements.length - 1);
    if (to !== from) {
      const rest = elements.filter((each) => each !== element);
      grid.insertBefore(element, rest[to] || null);
      this.on.onOrder(this.tiles.elements);
      this.limits();
    }
    focused.focus();
    element.scrollIntoView({ block: "nearest" });
    this.on.say(`${titleOf(element)}: place ${to + 1} of ${elements.length}`);
  }

  resize(element, wider, higher, told = false) {
    const { width, height } = readTile(element);
    this.setSize(element, width + wider, height + higher);
    const now = readTile(element);
    if (told) this.on.say(`${titleOf(element)}: ${now.width} of ${MOST.width} columns wide, ${now.height} row${now.height === 1 ? "" : "s"} high`);
  }

  setSize(element, width, height) {
    const now = readTile(element);
    const [columns, rows] = [within(width, MOST.width), within(height, MOST.height)];
    if (columns !== now.width || rows !== now.height) this.on.onSize(element, columns, rows);
  }

  drag(event, element, handle) {
    if (event.button !== 0) return;
    event.preventDefault();
    handle.focus();
    const { grid } = this.tiles;
    const before = this.tiles.elements;
    element.classList.add("dragged");
    const onMove = (moved) => {
      const over = document.elementsFromPoint(moved.clientX, moved.clientY).map((each) => each.closest(".tile"))
        .find((each) => each && each !== element && each.parentElement === grid);
      if (!over) return;
      const box = over.getBoundingClientRect();
      // Over the far half of a tile, so that two of different sizes do not change places to and fro.
      const following = element.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING;
      const sameRow = Math.abs(box.top - element.getBoundingClientRect().top) < 8;
      const part = sameRow ? (moved.clientX - box.left) / box.width : (moved.clientY - box.top) / box.height;
      if (following ? part > 0.35 : part < 0.65) grid.insertBefore(element, following ? over.nextSibling : over);
    };
    this.follow(event, onMove, (kept) => {
      element.classList.remove("dragged");
      if (!kept) for (const each of before) grid.append(each);
      else this.on.onOrder(this.tiles.elements);
      this.limits();
      handle.focus();
    });
  }

  stretch(event, element) {
    if (event.button !== 0) return;
    event.preventDefault();
    const first = readTile(element);
    const box = element.getBoundingClientRect();
    const gap = parseFloat(getComputedStyle(this.tiles.grid).columnGap) || 0;
    const columns = getComputedStyle(this.tiles.grid).gridTemplateColumns.split(" ").length;
    const column = this.tiles.grid.getBoundingClientRect().width / columns;
    const row = (box.height + gap) / first.height;
    const onMove = (moved) => {
      this.setSize(element, Math.round((moved.clientX - box.left) / column), Math.round((moved.clientY - box.top) / row));
    };
    this.follow(event, onMove, (kept) => {
      if (!kept) this.setSize(element, first.width, first.height);
    });
  }

  /** Follow a pointer until it is let go; Escape, or the system, takes it back. */
  follow(event, onMove, onEnd) {
    const { pointerId } = event;
    const watch = new AbortController();
    const end = (kept) => {
      watch.abort();
      document.body.classList.remove("dragging");
      onEnd(kept);
    };
    // On the window: an element that is moved in the document loses the pointer.
    const on = (name, what) => window.addEventListener(name, (each) => each.pointerId === pointerId && what(each), { signal: watch.signal });
    on("pointermove", onMove);
    on("pointerup", () => end(true));
    on("pointercancel", () => end(false));
    window.addEventListener("keydown", (pressed) => pressed.key === "Escape" && end(false), { signal: watch.signal });
    document.body.classList.add("dragging");
  }
}
