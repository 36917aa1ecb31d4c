// The numbers of a chart as a table, the youngest first.

import { amount, moment, unitsOf, NOTHING } from "./format.js";

const MOST_ROWS = 500;

/** Write the numbers that a chart shows into a section with a table. */
export function fillTable(section, chart) {
  const [times, ...columns] = chart.table;
  const [start, end] = chart.stretch;
  const rows = [];
  for (let row = times.length - 1; row >= 0 && rows.length < MOST_ROWS; row -= 1) {
    const inside = times[row] >= start && times[row] <= end;
    if (inside && columns.some((column) => typeof column[row] === "number")) rows.push(row);
  }
  const [head, body] = section.querySelectorAll("thead, tbody");
  head.replaceChildren(line("th", ["Time", ...chart.lines.map((each) => (each.units ? `${each.label} (${each.units})` : each.label))]));
  body.replaceChildren(...rows.map((row) => line("td", [moment(times[row]), ...columns.map((column, index) => cell(column[row], chart.lines[index].units))])));
  const told = rows.length < MOST_ROWS ? `${rows.length} rows` : `The youngest ${MOST_ROWS} rows`;
  section.querySelector("#numbers-told").textContent = `${told}, youngest first; the files below have all of them.`;
}

function line(tag, words) {
  const row = document.createElement("tr");
  words.forEach((text, index) => {
    const each = document.createElement(index === 0 && tag === "td" ? "th" : tag);
    each.textContent = text;
    if (tag === "th") each.scope = "col";
    else if (index === 0) each.scope = "row";
    if (index) each.className = "right";
    row.append(each);
  });
  return row;
}

function cell(value, units) {
  if (typeof value !== "number") return NOTHING;
  // The units stand above; only a prefix that was taken out of the number goes with it.
  const words = unitsOf(value, units);
  return words === units ? amount(value, units) : `${amount(value, units)} ${words}`.trim();
}
