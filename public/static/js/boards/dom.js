// Small helpers for pages of boards: elements, icons.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  handle: "M9 5h.01M15 5h.01M9 12h.01M15 12h.01M9 19h.01M15 19h.01",
  earlier: "M15 5l-7 7 7 7",
  later: "M9 5l7 7-7 7",
  edit: "M4 20h4L19 9l-4-4L4 16v4zM13 7l4 4",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  size: "M20 12v8h-8M20 20L10 10",
};

/** An element with properties and children; `data` goes to its dataset, names with a dash are attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(element.dataset, value);
    else if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** A picture of one line. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that is a picture, with its words for those who do not see it. */
export const tool = (name, words, onClick) => {
  const button = make("button", { type: "button", className: `tool ${name}`, title: words, "aria-label": words }, icon(name));
  if (onClick) button.addEventListener("click", onClick);
  return button;
};

/** A picture for `draw` of sparks.js: an area, and the line above it. */
export function sparkFrame() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 32");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const name of ["spark-area", "spark-line"]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("vector-effect", "non-scaling-stroke");
    svg.append(path);
  }
  return svg;
}
