// A search box with suggestions: arrows, Enter and Escape as people know them; the list is read out by screen readers.

const MOST = 12;
let number = 0;

/**
 * @param {HTMLInputElement} input with role combobox, whose aria-controls names the list
 * @param {function} getItems resolves to [{key, label, told, text}]; asked when the box is first entered, and again after `onPick`
 * @param {function} onPick gets the item that was chosen
 */
export function combobox(input, getItems, onPick) {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  list.tabIndex = -1; // one that scrolls would else be a stop of the tab key, and be closed by it
  let items = [];
  let shown = [];
  let active = -1;

  async function show() {
    items = await getItems();
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = items.filter((item) => words.every((word) => item.text.includes(word))).slice(0, MOST);
    active = shown.length && words.length ? 0 : -1;
    list.replaceChildren(...shown.map(optionOf));
    if (!shown.length) list.append(nothing());
    open(document.activeElement === input);
    mark();
  }

  function optionOf(item, index) {
    const option = document.createElement("li");
    number += 1;
    option.id = `option-${number}`;
    option.setAttribute("role", "option");
    const label = document.createElement("span");
    label.textContent = item.label;
    const told = document.createElement("small");
    told.textContent = item.told;
    option.append(label, told);
    option.addEventListener("mousedown", (event) => event.preventDefault());
    option.addEventListener("click", () => pick(index));
    return option;
  }

  function nothing() {
    const line = document.createElement("li");
    line.setAttribute("role", "option");
    line.setAttribute("aria-disabled", "true");
    line.textContent = "No other series matches";
    return line;
  }

  function open(opened) {
    list.hidden = !opened;
    input.setAttribute("aria-expanded", String(opened));
  }

  function mark() {
    [...list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === active)));
    const option = list.children[active];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function pick(index) {
    const item = shown[index];
    if (!item) return;
    input.value = "";
    open(false);
    onPick(item);
  }

  const keys = {
    ArrowDown: () => (list.hidden ? show() : move(1)),
    ArrowUp: () => move(-1),
    Enter: () => pick(active < 0 && shown.length === 1 ? 0 : active),
    Escape: () => open(false),
  };

  function move(by) {
    if (!shown.length) return;
    active = (active + by + shown.length) % shown.length;
    mark();
  }

  input.addEventListener("focus", show);
  input.addEventListener("input", show);
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
