// Keeps a page fresh without reloading it: ages, values, graphs; and filters as one types.
"use strict";

(() => {
  const REFRESH_MS = 10000;
  const AGES = [[31536000, "y"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"]];
  const THIN = "\u202f";
  const live = document.body.dataset.live;
  let skew = 0; // server's clock minus ours, seconds

  // -- numbers and ages, by the rules of web/view.py -------------------------------------------------

  const prefixOf = (value) => PREFIXES.find(([scale]) => Math.abs(value) >= scale) || [1, ""];

  function duration(seconds) {
    let rest = Math.floor(Math.abs(seconds));
    const parts = [];
    for (const [size, word] of AGES) {
      if (rest >= size && parts.length < 2) {
        parts.push(`${Math.floor(rest / size)}${THIN}${word}`);
        rest %= size;
      } else if (parts.length) {
        break;
      }
    }
    return (seconds < 0 ? "-" : "") + parts.join(" ");
  }

  function amount(value, units) {
    if (value === null || value === undefined) return "–";
    if (units === "s" && Math.abs(value) >= 120) return duration(value);
    const scaled = value / prefixOf(value)[0];
    const size = Math.abs(scaled);
    if (size && size < 0.001) return scaled.toExponential(2);
    const decimals = Number.isInteger(scaled) ? 0 : size >= 1000 ? 1 : size >= 10 ? 2 : 3;
    const [whole, fraction = ""] = scaled.toFixed(decimals).split(".");
    const kept = fraction.replace(/0+$/, "");
    return whole.replace(/\B(?=(\d{3})+$)/g, THIN) + (kept ? `.${kept}` : "");
  }

  function unitsOf(value, units) {
    if (value === null || value === undefined) return units;
    if (units === "s" && Math.abs(value) >= 120) return "";
    return prefixOf(value)[1] + units;
  }

  function ageOf(time) {
    const age = Date.now() / 1000 + skew - time;
    if (age < 2) return "now";
    const [size, word] = AGES.find(([each]) => age >= each) || [1, "s"];
    return `${Math.floor(age / size)}${THIN}${word} ago`;
  }

  function showAges() {
    for (const element of document.querySelectorAll("time[data-time]")) {
      const text = ageOf(Number(element.dataset.time));
      if (element.textContent !== text) element.textContent = text;
    }
  }

  // -- values ----------------------------------------------------------------------------------------

  function index(selector, key) {
    const found = new Map();
    for (const element of document.querySelectorAll(selector)) {
      const name = key(element.dataset);
      found.set(name, [...(found.get(name) || []), element]);
    }
    return found;
  }

  const values = index(".value", (data) => `${data.series}\n${data.column}`);
  const times = index(".age[data-series]", (data) => data.series);

  function showSeries(series) {
    for (const element of times.get(series.name) || []) {
      if (series.last_time !== null) {
        element.dataset.time = String(Math.floor(series.last_time));
        element.dateTime = new Date(series.last_time * 1000).toISOString();
      }
    }
    for (const column of series.columns) {
      // The last value of a counter is a count, not its rate.
      const units = column.type === "GAUGE" ? column.units : column.units.replace(/\/s$/, "");
      for (const element of values.get(`${series.name}\n${column.name}`) || []) {
        element.firstElementChild.textContent = amount(column.last_value, units);
        element.lastElementChild.textContent = unitsOf(column.last_value, units);
      }
    }
  }

  async function fetchSeries() {
    let cursor = "";
    let total = 0;
    do {
      const answer = await fetch(`/api/v1/series?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const page = await answer.json();
      skew = page.time - Date.now() / 1000;
      page.series.forEach(showSeries);
      total = page.total;
      cursor = page.next_cursor;
    } while (cursor);
    return total;
  }

  // -- graphs: those in sight get a new address when a new pixel column is due --------------------------

  const SPAN_S = { "-1h": 3600, "-4h": 14400, "-1d": 86400, "-1w": 604800, "-1mon": 2629800, "-1y": 31557600, "-10y": 315576000 };
  const inSight = new Set();

  function address(old, end) {
    const url = new URL(old, location.href);
    const start = url.searchParams.get("start");
    url.searchParams.set("start", start.startsWith("end") ? start : `end${start}`);
    url.searchParams.set("end", String(end));
    return url.pathname + url.search;
  }

  function showGraph(picture) {
    const pixel = Math.max(Math.floor((SPAN_S[picture.dataset.at] || 3600) / 600), REFRESH_MS / 1000);
    const end = Math.floor((Date.now() / 1000 + skew) / pixel) * pixel;
    if (picture.dataset.end === String(end)) return;
    picture.dataset.end = String(end);
    for (const source of picture.querySelectorAll("source")) source.srcset = address(source.srcset, end);
    const image = picture.querySelector("img");
    image.src = address(image.getAttribute("src"), end);
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        inSight.add(entry.target);
        // Its first picture is being fetched already; only one that has been out of sight may be old.
        if (entry.target.dataset.end) showGraph(entry.target);
      } else {
        inSight.delete(entry.target);
      }
    }
  });
  document.querySelectorAll("picture[data-graph]").forEach((picture) => watcher.observe(picture));

  // -- filter ------------------------------------------------------------------------------------------

  function startFilter() {
    const input = document.getElementById("filter");
    if (!input) return;
    const cards = [...document.querySelectorAll("[data-search]")];
    const groups = [...document.querySelectorAll("[data-group]")];
    const { found, shown, total } = document.body.dataset;
    const whole = found === total && shown === found;
    let timer = 0;

    function apply() {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const card of cards) {
        const fits = words.every((word) => card.dataset.search.includes(word));
        card.hidden = !fits;
        count += fits ? 1 : 0;
      }
      for (const group of groups) group.hidden = !group.querySelector("[data-search]:not([hidden])");
      document.getElementById("nothing").hidden = count > 0;
      document.getElementById("count").textContent = `${count} of ${total} series`;
      for (const link of document.querySelectorAll(".spans a")) {
        const url = new URL(link.href);
        if (words.length) url.searchParams.set("q", input.value);
        else url.searchParams.delete("q");
        link.href = url.pathname + url.search;
      }
    }

    // A page that does not hold every series cannot filter by itself: the server does.
    input.addEventListener("input", () => {
      if (whole) return apply();
      clearTimeout(timer);
      timer = setTimeout(() => input.form.submit(), 500);
      return undefined;
    });
    if (whole) {
      input.form.addEventListener("submit", (event) => event.preventDefault());
      if (input.value) apply();
    } else if (input.value) {
      input.focus();
      input.setSelectionRange(input.value.length, input.value.length);
    }
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && document.activeElement !== input && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        input.focus();
      }
    });
  }

  // -- the clockwork -------------------------------------------------------------------------------------

  async function refresh() {
    if (document.hidden) return;
    try {
      const total = await fetchSeries();
      const fresh = document.getElementById("fresh");
      if (fresh && total > Number(document.body.dataset.total)) fresh.hidden = false;
      inSight.forEach(showGraph);
      document.body.classList.remove("stale");
    } catch (error) {
      // The server is away or not ready: what is shown stays, its ages grow, and the next round tries again.
      document.body.classList.add("stale");
    }
    showAges();
  }

  async function keepFresh() {
    await refresh();
    setTimeout(keepFresh, REFRESH_MS);
  }

  startFilter();
  showAges();
  setInterval(showAges, 1000);
  if (live) {
    setTimeout(keepFresh, REFRESH_MS);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) refresh();
    });
  }
})();
