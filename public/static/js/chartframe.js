// What a chart is laid into, and what around it makes it to be drawn anew.

const DARK = matchMedia("(prefers-color-scheme: dark)");

/** Where the lines are drawn; keys reach it. */
export function makeArea(height) {
  const area = document.createElement("div");
  area.className = "chart-area";
  area.tabIndex = 0;
  area.style.minHeight = `${height}px`;
  area.setAttribute("role", "group");
  area.setAttribute("aria-roledescription", "chart");
  area.setAttribute("aria-label", "Chart over time"); // until it is known of what
  return area;
}

/** A sentence in place of lines. */
export function makeNote() {
  const note = document.createElement("p");
  note.className = "chart-note";
  note.setAttribute("role", "status");
  note.hidden = true;
  return note;
}

/** Call back when the colours of the system or the size of an element have changed; returns a function that ends it. */
export function watch(element, onColours, onSize) {
  DARK.addEventListener("change", onColours);
  const resized = new ResizeObserver(onSize);
  resized.observe(element);
  return () => {
    DARK.removeEventListener("change", onColours);
    resized.disconnect();
  };
}
