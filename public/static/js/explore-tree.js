// The tree of topics: an ARIA tree whose rows are brought up to date in place, so that focus and what is open stay.

import { line, make, setText } from "./explore-text.js";

const LONGEST_TOPIC = 20000;
const MOST_OPEN = 60;
const MARKS = { logged: "logged", soon: "logged soon", open: "not logged", not: "not logged" };

export class Tree {
  /**
   * @param {HTMLElement} root a list with role=tree
   * @param {(topic: string|null) => void} onChoose a topic was chosen
   * @param {() => void} onOpen more is to be asked for
   */
  constructor(root, onChoose, onOpen) {
    this.root = root;
    this.onChoose = onChoose;
    this.onOpen = onOpen;
    this.open = new Map([["", 1]]); // prefix → pages
    this.closed = new Set();
    this.items = new Map(); // topic → li
    this.chosen = null;
    this.found = false;
    root.addEventListener("click", (event) => this.#onClick(event));
    root.addEventListener("keydown", (event) => this.#onKey(event));
    root.addEventListener("focusin", (event) => this.#moveTabStop(event.target.closest("li")));
  }

  /** The branches to ask for: {prefix, pages} each, those at the top first. */
  wanted() {
    return [...this.open].slice(0, MOST_OPEN).map(([prefix, pages]) => ({ prefix, pages }));
  }

  /** Open everything above a topic, and choose it. */
  reveal(topic) {
    const levels = topic.split("/");
    for (let count = 1; count < levels.length; count += 1) this.open.set(`${levels.slice(0, count).join("/")}/`, 1);
    this.chosen = topic;
    this.onChoose(topic);
  }

  showBranches(answer) {
    if (this.found) this.#clear();
    this.found = false;
    for (const branch of answer.branches) {
      const list = branch.prefix === "" ? this.root : this.#groupOf(branch.prefix);
      if (list) this.#fill(list, branch, answer.time, branch.prefix);
    }
    this.#openLonely(answer);
  }

  showFound(answer) {
    if (!this.found) this.#clear();
    this.found = true;
    this.#fill(this.root, { rows: answer.rows, next_cursor: null }, answer.time, null);
    const more = answer.found - answer.rows.length;
    const rest = answer.found === 0 ? "No topic has these words." : more > 0 ? `${more} more: search for further words.` : "";
    this.#note(this.root, rest);
  }

  #clear() {
    this.root.replaceChildren();
    this.items.clear();
  }

  #groupOf(prefix) {
    const item = this.items.get(prefix.slice(0, -1));
    if (!item || item.getAttribute("aria-expanded") !== "true") return null;
    let group = item.querySelector(":scope > ul");
    if (!group) {
      group = make("ul", { role: "group" });
      group.setAttribute("role", "group");
      item.append(group);
    }
    return group;
  }

  #fill(list, branch, now, prefix) {
    let before = null;
    const kept = new Set();
    for (const row of branch.rows) {
      const item = this.items.get(row.topic) ?? this.#makeItem(row);
      this.#showRow(item, row, now);
      kept.add(item);
      const place = before ? before.nextElementSibling : list.firstElementChild;
      if (place !== item) list.insertBefore(item, place);
      before = item;
    }
    for (const item of [...list.children]) {
      if (!kept.has(item) && item.matches("li[role=treeitem]")) this.#drop(item);
    }
    this.#note(list, "");
    if (branch.next_cursor) this.#moreButton(list, prefix);
    if (list === this.root && !this.root.querySelector("li[tabindex='0']")) this.#moveTabStop(list.querySelector("li[role=treeitem]"));
  }

  #drop(item) {
    for (const each of [item, ...item.querySelectorAll("li[role=treeitem]")]) this.items.delete(each.topic);
    item.remove();
  }

  #note(list, text) {
    list.querySelector(":scope > .rest")?.remove();
    if (text) {
      const note = make("li", { className: "rest quiet", textContent: text });
      note.setAttribute("role", "none");
      list.append(note);
    }
  }

  #moreButton(list, prefix) {
    const button = make("button", { type: "button", className: "more", textContent: "Show more" });
    const holder = make("li", { className: "rest" }, button);
    holder.setAttribute("role", "none");
    button.addEventListener("click", () => {
      this.open.set(prefix, (this.open.get(prefix) ?? 1) + 1);
      this.onOpen();
    });
    list.append(holder);
  }

  #makeItem(row) {
    const parts = {};
    const bar = make("div", { className: "row" });
    for (const [name, tag] of [["twist", "span"], ["level", "bdi"], ["below", "span"], ["mark", "span"], ["last", "bdi"], ["age", "span"]]) {
      parts[name] = make(tag, { className: name });
      bar.append(parts[name]);
    }
    parts.twist.setAttribute("aria-hidden", "true");
    const item = make("li", { tabIndex: -1 }, bar);
    item.setAttribute("role", "treeitem");
    item.topic = row.topic;
    item.parts = parts;
    item.bar = bar;
    this.items.set(row.topic, item);
    return item;
  }

  #showRow(item, row, now) {
    const { parts, bar } = item;
    const name = this.found ? row.topic : row.level;
    setText(parts.level, name === "" ? "(empty level)" : line(name, this.found ? 300 : 120));
    parts.level.classList.toggle("none", name === "");
    item.hasMessage = row.message !== null;
    const expandable = row.below > 0 && row.topic.length < LONGEST_TOPIC;
    if (!expandable) item.removeAttribute("aria-expanded");
    else item.setAttribute("aria-expanded", String(!this.found && this.open.has(`${row.topic}/`)));
    setText(parts.below, row.below && !this.found ? `${row.below} ${row.below === 1 ? "topic" : "topics"}` : "");
    item.setAttribute("aria-selected", String(row.topic === this.chosen));
    const { message } = row;
    setText(parts.last, message ? preview(message) : "");
    parts.last.hidden = !message;
    parts.mark.className = `mark ${message?.state ?? ""}`;
    setText(parts.mark, (message && MARKS[message.state]) || "");
    if (message) {
      parts.age.dataset.heard = String(message.time);
    } else {
      delete parts.age.dataset.heard;
      setText(parts.age, "");
    }
    bar.classList.toggle("fresh", Boolean(message) && now - message.time < 2);
  }

  /** A level that stands alone says nothing: the one below it is opened too, unless somebody has closed it. */
  #openLonely(answer) {
    for (const branch of answer.branches) {
      const [only] = branch.rows;
      const prefix = only && `${only.topic}/`;
      if (branch.rows.length === 1 && only.below && !this.open.has(prefix) && !this.closed.has(prefix) && only.topic.length < 1000
        && only.topic.split("/").length < 12) {
        this.open.set(prefix, 1);
        this.onOpen();
      }
    }
  }

  // -- mouse and keyboard --------------------------------------------------------------------------------

  #onClick(event) {
    const item = event.target.closest("li[role=treeitem]");
    if (!item || event.target.closest(".more")) return;
    item.focus();
    const turned = event.target.closest(".twist");
    if (item.hasAttribute("aria-expanded") && (turned || !item.hasMessage)) this.#turn(item);
    if (item.hasMessage && !turned) this.#choose(item);
  }

  #choose(item) {
    if (item.topic.length >= LONGEST_TOPIC) return;
    this.chosen = item.topic;
    for (const each of this.items.values()) each.setAttribute("aria-selected", String(each === item));
    this.onChoose(item.topic);
  }

  #turn(item, wanted = item.getAttribute("aria-expanded") !== "true") {
    const prefix = `${item.topic}/`;
    if (wanted) {
      this.open.set(prefix, 1);
      this.closed.delete(prefix);
      item.setAttribute("aria-expanded", "true");
      this.onOpen();
      return;
    }
    this.closed.add(prefix);
    for (const each of [...this.open.keys()]) if (each.startsWith(prefix)) this.open.delete(each);
    item.setAttribute("aria-expanded", "false");
    const group = item.querySelector(":scope > ul");
    for (const each of group?.querySelectorAll("li[role=treeitem]") ?? []) this.items.delete(each.topic);
    group?.remove();
  }

  #moveTabStop(item) {
    if (!item || item.getAttribute("role") !== "treeitem") return;
    for (const each of this.root.querySelectorAll("li[tabindex='0']")) each.tabIndex = -1;
    item.tabIndex = 0;
  }

  #onKey(event) {
    const item = event.target.closest("li[role=treeitem]");
    if (!item || event.target !== item || event.ctrlKey || event.metaKey || event.altKey) return;
    const every = [...this.root.querySelectorAll("li[role=treeitem]")];
    const at = every.indexOf(item);
    const expanded = item.getAttribute("aria-expanded");
    const go = (target) => target?.focus();
    switch (event.key) {
      case "ArrowDown": go(every[at + 1]); break;
      case "ArrowUp": go(every[at - 1]); break;
      case "Home": go(every[0]); break;
      case "End": go(every.at(-1)); break;
      case "ArrowRight":
        if (expanded === "false" && !this.found) this.#turn(item, true);
        else if (expanded === "true") go(item.querySelector("li[role=treeitem]"));
        break;
      case "ArrowLeft":
        if (expanded === "true") this.#turn(item, false);
        else go(item.parentElement.closest("li[role=treeitem]"));
        break;
      case "Enter":
      case " ":
        if (item.hasMessage) this.#choose(item);
        else if (expanded !== null) this.#turn(item);
        break;
      default: return;
    }
    event.preventDefault();
  }
}

function preview(message) {
  if (message.size === 0) return "(empty)";
  if (message.text === null) return `(${message.size} bytes)`;
  return line(message.text, 160);
}
