// A chart where uPlot is not installed: the server's pictures, one per series.

const DARK = matchMedia("(prefers-color-scheme: dark)");

export class Drawn {
  #area;
  #height;
  #last = null;
  #again = () => this.#last && this.show(...this.#last);

  constructor(area, height) {
    this.#area = area;
    this.#height = height;
    DARK.addEventListener("change", this.#again);
  }

  /** Show the series of some lines over a stretch, [start, end] in seconds since the epoch. */
  show(lines, [start, end]) {
    this.#last = [lines, [start, end]];
    const width = Math.min(Math.max(this.#area.clientWidth - 81, 150), 4000);
    const names = [...new Set(lines.map((line) => line.name))];
    const asked = new URLSearchParams({
      start: Math.floor(start),
      end: Math.ceil(end),
      width,
      height: Math.max(Math.round(this.#height / Math.max(names.length, 1)) - 60, 60),
      theme: DARK.matches ? "dark" : "light",
      title: names.length > 1 ? 1 : 0,
    });
    this.#area.replaceChildren(...names.map((name) => {
      const image = document.createElement("img");
      image.className = "chart-drawn";
      image.alt = `Graph of ${lines.find((line) => line.name === name).label}`;
      image.src = `/rrd/graph/${encodeURIComponent(name)}.svg?${asked}`;
      return image;
    }));
  }

  stop() {
    DARK.removeEventListener("change", this.#again);
  }
}
