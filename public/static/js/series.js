// The page of a series: its chart with everything around it, and an address that says what is on the screen.

import { readAddress, writeAddress } from "./address.js";
import { offerBoard } from "./addtoboard.js";
import { dataPath, getJson } from "./api.js";
import { Chart } from "./chart.js";
import { combobox } from "./combobox.js";
import { shortMoment, stretch } from "./format.js";
import { fillTable } from "./table.js";
import { keepValues } from "./values.js";

const PUSH_MS = 1000; // steps of one gesture are one step of the history
const PAN = 0.5;
const get = (id) => document.getElementById(id);
const place = get("chart");
const { name, span: normal } = place.dataset;
const buttons = [...get("spans").querySelectorAll("button")];
const spans = new Map(buttons.map((button) => [button.dataset.span, Number(button.dataset.seconds)]));
const section = get("numbers");
let state = readAddress(location.search, spans, normal);
let home = state.end ? { start: -spans.get(normal), end: 0 } : { start: state.start, end: 0 };
let pushed = -Infinity; // when

// -- chart and address -------------------------------------------------------------------------------

function wanted() {
  return [{ name }, ...state.added.map((key) => {
    const [series, column] = key.split(":");
    return column ? { name: series, column } : { name: series };
  })];
}

const chart = new Chart(place, {
  series: wanted(),
  start: state.start,
  end: state.end,
  band: state.band,
  axes: state.axes,
  height: innerWidth < 560 ? 260 : 380,
  onView: ({ view }) => change({ start: view.start, end: view.end }, { shown: true }),
  onReset: () => change(home),
  onRows: showNumbers,
  decorate,
});

/** Take a change of what is on the screen: show it, and put it into the address and the history. */
function change(changes, { shown = false } = {}) {
  state = { ...state, ...changes };
  const address = `${location.pathname}${writeAddress(state, spans, normal)}`;
  const now = performance.now();
  // Steps of one gesture, one soon after the other, are one step back.
  if (shown && now - pushed < PUSH_MS) history.replaceState(null, "", address);
  else if (address !== location.pathname + location.search) history.pushState(null, "", address);
  pushed = now;
  show(changes, shown);
}

function show(changes, shown) {
  const more = {};
  if ("added" in changes) more.series = wanted();
  for (const key of ["axes", "band", ...(shown ? [] : ["start", "end"])]) if (key in changes) more[key] = state[key];
  if (Object.keys(more).length) chart.set(more);
  showChoices();
}

addEventListener("popstate", () => {
  const before = state;
  state = readAddress(location.search, spans, normal);
  const changes = { ...state };
  if (String(before.added) === String(state.added)) delete changes.added;
  if (JSON.stringify(before.axes) === JSON.stringify(state.axes)) delete changes.axes;
  if (before.band === state.band) delete changes.band;
  show(changes, false);
});

// -- what stands around it ---------------------------------------------------------------------------

function showChoices() {
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(!state.end && Number(button.dataset.seconds) === -state.start));
  }
  document.querySelector('[data-do="band"]').setAttribute("aria-pressed", String(state.band));
  document.querySelector('[data-do="table"]').setAttribute("aria-pressed", String(state.table));
  section.hidden = !state.table;
  showNumbers();
}

function showNumbers() {
  const [start, end] = chart.stretch;
  get("shown").textContent = chart.following ? `${shortMoment(start)} – now` : stretch(start, end);
  if (state.table) fillTable(section, chart);
  showLinks(start, end);
}

function showLinks(start, end) {
  const [from, to] = [Math.floor(start), Math.ceil(end)];
  const picture = new URLSearchParams({ start: from, end: to, width: 1000, height: 300 });
  const asked = { start: from, end: to, cf: state.band ? ["AVERAGE", "MIN", "MAX"] : ["AVERAGE"] };
  const series = [name, ...state.added];
  const addresses = {
    csv: dataPath(series, { ...asked, format: "csv" }),
    json: dataPath(series, asked),
    png: `/rrd/graph/${name}.png?${picture}`,
    svg: `/rrd/graph/${name}.svg?${picture}`,
  };
  for (const link of get("links").querySelectorAll("[data-form]")) {
    link.href = addresses[link.dataset.form];
    link.download = `${name}.${link.dataset.form}`;
  }
  const link = get("permanent");
  link.hidden = false;
  link.href = `${location.pathname}${writeAddress({ ...state, start, end }, spans, normal)}`;
}

/** Buttons beside a line of the legend: its axis where there are two units, and away with it. */
function decorate(line, item) {
  if (new Set(chart.lines.map((each) => each.units)).size > 1) {
    const other = line.axis === "left" ? "right" : "left";
    item.append(button(line.axis === "left" ? "Left axis" : "Right axis", `${line.axis === "left" ? "Left" : "Right"} axis: put ${line.label} on the ${other} one`, () => change({ axes: { ...state.axes, [line.key]: other } })));
  }
  const key = state.added.find((each) => each === line.key || each === line.name);
  if (key && line.name !== name) {
    item.append(button("Remove", `Remove ${line.label}`, () => change({ added: state.added.filter((each) => each !== key) })));
  }
}

function button(words, told, call) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "small";
  made.textContent = words;
  made.setAttribute("aria-label", told);
  made.addEventListener("click", call);
  return made;
}

async function candidates() {
  const answer = await getJson("/api/v1/values");
  const there = new Set(chart.lines.map((line) => line.key));
  const columns = new Map();
  for (const { series } of answer.values) columns.set(series, (columns.get(series) || 0) + 1);
  return answer.values
    .filter(({ series, column }) => !there.has(`${series}:${column}`))
    .map(({ series, column, label, units, node }) => ({
      key: columns.get(series) === 1 ? series : `${series}:${column}`,
      label,
      told: [node, units].filter(Boolean).join(" · "),
      text: `${series} ${column} ${label} ${units} ${node}`.toLowerCase(),
    }));
}

/** The chosen span, or the next longer one. */
function spanWord() {
  const [start, end] = chart.stretch;
  return [...spans].find(([, seconds]) => seconds >= (end - start) * 0.99)?.[0] ?? "10y";
}

function move(seconds) {
  const [start, end] = chart.stretch;
  chart.pan((end - start) * seconds);
}

const actions = {
  earlier: () => move(-PAN),
  later: () => move(PAN),
  in: () => chart.scale(0.5),
  out: () => chart.scale(2),
  reset: () => change(home),
  band: () => change({ band: !state.band }),
  table: () => change({ table: !state.table }),
};

for (const each of document.querySelectorAll("[data-do]")) each.addEventListener("click", actions[each.dataset.do]);
for (const each of buttons) {
  each.addEventListener("click", () => {
    home = { start: -Number(each.dataset.seconds), end: 0 };
    change(home);
  });
}
combobox(get("add"), candidates, (item) => change({ added: [...state.added, item.key] }));
get("compare").addEventListener("submit", (event) => event.preventDefault());
offerBoard(get("board"), () => chart.lines.map(({ name: series, column, axis }) => ({ name: series, column, axis })), spanWord);
keepValues();
showChoices();
