// Asks what a tile shows: its series, found as one types, and how they are shown.

import { getJson } from "../api.js";
import { shown, valueUnits } from "../format.js";
import { make, tool } from "./dom.js";
import { seriesOf } from "./server.js";

const MOST_FOUND = 40;
const MOST_SERIES = 8;
const SIZES = { value: [1, 1], chart: [2, 2], graph: [2, 2] };
const byId = (id) => document.getElementById(id);

/** Ask for a tile; answers it, or null where it was called off. */
export function askTile(tile = null) {
  return new TileDialog(tile).ask();
}

class TileDialog {
  constructor(tile) {
    this.old = tile;
    this.chosen = tile ? tile.series.map((each) => ({ ...each })) : [];
    this.values = [];
    this.dialog = byId("tile-dialog");
    this.form = byId("tile-form");
    this.watch = new AbortController();
  }

  async ask() {
    this.fill();
    const answer = new Promise((resolve) => {
      this.resolve = resolve;
    });
    const on = (element, name, what) => element.addEventListener(name, what, { signal: this.watch.signal });
    on(byId("find"), "input", () => this.search());
    on(byId("find"), "keydown", (event) => this.onKey(event));
    on(byId("tile-cancel"), "click", () => this.dialog.close());
    on(this.form, "submit", (event) => this.onSubmit(event));
    on(this.form, "change", (event) => event.target.name === "kind" && this.onKind());
    on(byId("tile-width"), "change", () => { this.sized = true; });
    on(byId("tile-height"), "change", () => { this.sized = true; });
    on(this.dialog, "close", () => this.end(null));
    this.dialog.showModal();
    byId("find").focus();
    try {
      this.values = (await getJson("/api/v1/values")).values;
    } catch (error) {
      this.fault(error.message);
    }
    this.list();
    this.search();
    return answer;
  }

  end(tile) {
    this.watch.abort();
    this.resolve(tile);
  }

  fill() {
    const tile = this.old;
    this.sized = Boolean(tile);
    byId("tile-heading").textContent = tile ? "Change tile" : "Add tile";
    byId("tile-done").textContent = tile ? "Done" : "Add";
    this.fault("");
    byId("find").value = "";
    byId("tile-title").value = tile?.title || "";
    byId("tile-span").value = tile?.span || "1d";
    this.form.elements.kind.value = tile?.kind || "value";
    this.setSize(...(tile ? [tile.width, tile.height] : SIZES.value));
    this.list();
  }

  get kind() {
    return this.form.elements.kind.value;
  }

  setSize(width, height) {
    byId("tile-width").value = String(width);
    byId("tile-height").value = String(height);
  }

  onKind() {
    if (!this.sized) this.setSize(...SIZES[this.kind]);
    this.list();
  }

  fault(text) {
    byId("tile-fault").textContent = text;
  }

  nameOf(value) {
    return value.label || value.series;
  }

  // -- series that were chosen ---------------------------------------------------------------------------

  list() {
    const list = byId("chosen");
    list.replaceChildren(...this.chosen.map((each, index) => this.entry(each, index)));
    list.hidden = !this.chosen.length;
  }

  entry(each, index) {
    const value = this.values.find((one) => one.series === each.name && (!each.column || one.column === each.column));
    const label = value ? this.nameOf(value) : each.name;
    const name = make("span", { className: "chosen-name" }, label, " ", make("small", {}, each.column ? `${each.name} · ${each.column}` : each.name));
    const parts = [name];
    if (this.kind === "chart" && this.chosen.length > 1) {
      const select = make("select", { "aria-label": `Axis of ${label}` },
        ...[["auto", "axis by unit"], ["left", "left axis"], ["right", "right axis"]].map(([key, words]) => make("option", { value: key }, words)));
      select.value = each.axis || "auto";
      select.addEventListener("change", () => { each.axis = select.value; });
      parts.push(select);
    }
    parts.push(tool("remove", `Take ${label} off`, () => {
      this.chosen.splice(index, 1);
      this.list();
      this.search();
      byId("find").focus();
    }));
    return make("li", {}, ...parts);
  }

  // -- series to choose from --------------------------------------------------------------------------------

  search() {
    const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (value) => {
      const text = `${value.series} ${value.column} ${value.label} ${value.units} ${value.node}`.toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const found = this.values.filter((value) => fits(value) && !this.isChosen(value));
    byId("found").replaceChildren(...found.slice(0, MOST_FOUND).map((value) => this.offer(value)));
    const more = found.length > MOST_FOUND ? `, the first ${MOST_FOUND} shown` : "";
    byId("found-count").textContent = this.values.length ? `${found.length} of ${this.values.length} values${more}` : "";
  }

  isChosen(value) {
    return this.chosen.some((each) => each.name === value.series && (!each.column || each.column === value.column));
  }

  offer(value) {
    const units = valueUnits(value.units, value.type);
    const button = make("button", { type: "button" },
      make("span", { className: "offer-name" }, this.nameOf(value), " ", make("small", {}, value.node ? `${value.node} · ${value.series}` : value.series)),
      make("span", { className: "offer-value" }, shown(value.value, units)));
    button.addEventListener("click", () => this.choose(value));
    return make("li", {}, button);
  }

  choose(value) {
    if (this.chosen.length >= MOST_SERIES) {
      this.fault(`A tile has at most ${MOST_SERIES} series.`);
      return;
    }
    this.fault("");
    this.chosen.push({ ...seriesOf(value, this.values), axis: "auto" });
    this.list();
    this.search();
    byId("find").focus();
  }

  onKey(event) {
    const first = byId("found").querySelector("button");
    if (event.key === "Enter") {
      event.preventDefault(); // would send the form
      if (byId("find").value && first) {
        first.click();
        byId("find").select();
      } else if (this.chosen.length) {
        this.form.requestSubmit();
      }
    } else if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    }
  }

  onSubmit(event) {
    event.preventDefault();
    if (!this.chosen.length) {
      this.fault("Choose a series first: type a part of its name.");
      byId("find").focus();
      return;
    }
    const number = (id) => Number(byId(id).value);
    this.end({
      kind: this.kind,
      series: this.chosen,
      title: byId("tile-title").value.trim(),
      span: byId("tile-span").value,
      width: number("tile-width"),
      height: number("tile-height"),
    });
    this.dialog.close();
  }
}
