// "Add to board" for any page: a button that asks which board, and puts series on it as a tile.
//
// A page needs the style sheet /static/css/addtoboard.css, an element to put the button in, and a line:
//   offerBoard(element, () => [{ name, column?, axis? }, ...], () => "1d");

import { getSession } from "./api.js";
import { make } from "./boards/dom.js";
import { getBoard, listBoards, makeBoard, putBoard } from "./boards/server.js";

const SPANS = new Set(["1h", "4h", "1d", "1w", "1M", "1y", "10y"]);
const TRIES = 3;
const MOST_SERIES = 8;

/**
 * Put the button into an element, for those who may change boards.
 * @param {HTMLElement} element
 * @param {function} getSeries gives what is put on the board: [{name, column?, axis?}]
 * @param {function} getSpan gives its span, one of the pages' (`1d` ...); anything else is a day
 */
export async function offerBoard(element, getSeries, getSpan = () => "1d") {
  const { role } = await getSession();
  if (role !== "operator" && role !== "admin") return;
  const button = make("button", { type: "button", className: "button add-to-board" }, "Add to board");
  button.addEventListener("click", () => new Asker(getSeries(), getSpan()).ask().catch(() => {}));
  element.append(button);
}

/** Put series on a board as a new tile at its end; tried again where somebody else changes it meanwhile. */
export async function addToBoard(id, tile) {
  for (let tries = 1; ; tries += 1) {
    const board = await getBoard(id);
    try {
      return await putBoard(id, { ...board, tiles: [...board.tiles, tile] }, board.version);
    } catch (error) {
      if (error.status !== 412 || tries === TRIES) throw error;
    }
  }
}

class Asker {
  constructor(series, span) {
    this.series = series.slice(0, MOST_SERIES);
    this.span = SPANS.has(span) ? span : "1d";
    this.told = make("p", { className: "fault", role: "alert" });
    this.done = make("p", { className: "quiet", role: "status" });
    this.list = make("ul", { className: "add-choices" });
    this.title = make("input", { maxLength: 80, placeholder: "Name of a new board", "aria-label": "Name of a new board", autocomplete: "off" });
    this.kind = make("select", { "aria-label": "Shown as" },
      make("option", { value: "chart" }, "as a chart"), make("option", { value: "value" }, "as a number"));
  }

  async ask() {
    const form = make("form", { className: "new-board" }, this.title, make("button", { className: "button" }, "Create and add"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.title.value.trim()) this.add(() => makeBoard({ title: this.title.value.trim(), tiles: [this.tile] }));
      else this.title.focus();
    });
    const close = make("button", { type: "button", className: "button close" }, "Close");
    this.dialog = make("dialog", { className: "add-dialog", "aria-labelledby": "add-heading" },
      make("h2", { id: "add-heading" }, "Add to board"), make("label", {}, "Shown ", this.kind),
      this.list, form, this.told, this.done, close);
    close.addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.dialog.remove());
    document.body.append(this.dialog);
    this.dialog.showModal();
    try {
      const boards = await listBoards();
      this.list.replaceChildren(...boards.map((board) => this.choice(board)));
    } catch (error) {
      this.told.textContent = error.message;
    }
  }

  get tile() {
    const kind = this.kind.value;
    const [width, height] = kind === "chart" ? [2, 2] : [1, 1];
    return { kind, series: this.series, span: this.span, width, height };
  }

  choice(board) {
    const button = make("button", { type: "button" }, make("strong", {}, board.title), " ",
      make("small", {}, `${board.tiles} tile${board.tiles === 1 ? "" : "s"}`));
    button.addEventListener("click", () => this.add(() => addToBoard(board.id, this.tile)));
    return make("li", {}, button);
  }

  async add(how) {
    this.told.textContent = "";
    try {
      const board = await how();
      this.list.replaceChildren();
      this.dialog.querySelector("form")?.remove();
      this.dialog.querySelector("label")?.remove();
      this.done.replaceChildren("It is on ", make("a", { href: `/boards/${board.id}` }, board.title), " now.");
      this.done.querySelector("a").focus();
    } catch (error) {
      this.told.textContent = error.message;
    }
  }
}
