// What is on the screen, in the address of the page of a series: span or stretch, compared series, axes, band, table.

/**
 * @param {string} query of the address
 * @param {Map<string, number>} spans seconds by word
 * @param {string} normal the span that is shown where the address says nothing
 * @returns {object} {start, end, added: [NAME or NAME:COLUMN], axes: {NAME:COLUMN: side}, band, table}
 */
export function readAddress(query, spans, normal) {
  const asked = new URLSearchParams(query);
  const view = stretchOf(asked, spans) || { start: -spans.get(normal), end: 0 };
  const axes = {};
  for (const side of ["left", "right"]) for (const key of asked.getAll(side)) axes[key] = side;
  return { ...view, added: asked.getAll("with").slice(0, 20), axes, band: asked.get("band") !== "0", table: asked.get("table") === "1" };
}

function stretchOf(asked, spans) {
  const span = asked.get("span");
  const seconds = spans.get(span) ?? Number(span);
  if (span && seconds > 0 && Number.isFinite(seconds)) return { start: -seconds, end: 0 };
  const [start, end] = [Number(asked.get("start")), Number(asked.get("end"))];
  return start > 0 && end > start && Number.isFinite(end) ? { start, end } : null;
}

/** The query that says what is on the screen; what is so anyway is left out. */
export function writeAddress({ start, end, added, axes, band, table }, spans, normal) {
  const query = new URLSearchParams();
  if (end) {
    query.set("start", String(Math.round(start)));
    query.set("end", String(Math.round(end)));
  } else {
    const word = [...spans].find(([, seconds]) => seconds === -start)?.[0] ?? String(Math.round(-start));
    if (word !== normal) query.set("span", word);
  }
  for (const each of added) query.append("with", each);
  for (const [key, side] of Object.entries(axes)) query.append(side, key);
  if (!band) query.set("band", "0");
  if (table) query.set("table", "1");
  return query.size ? `?${query}` : "";
}
