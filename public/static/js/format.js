// Numbers, units, ages and times for people; the same rules as in web/view.py and web/rates.py.

import { LARGE, RATES, SMALL } from "./units.js";

const AGES = [[31536000, "y"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"]];
const SMALL_PREFIXES = [[1e-4, 1e-3, "m"], [1e-7, 1e-6, "µ"], [0, 1e-9, "n"]];
const KILO_FROM = 1e4; // people know 1 500 W
const SMALL_BELOW = 1e-2; // people know 0.05 A
const ENDLESS = 1e15;
const THIN = "\u202f";
export const NOTHING = "–";

/** What a number is divided by, and the SI prefix that this stands for; only those that go with its units. */
function prefixOf(value, units) {
  const size = Math.abs(value);
  if (SMALL.has(units) && size > 0 && size < SMALL_BELOW) return SMALL_PREFIXES.find(([least]) => size >= least).slice(1);
  if (LARGE.has(units) && size >= KILO_FROM && size < 1e6) return [1e3, "k"];
  if (LARGE.has(units) || !units) return PREFIXES.find(([scale]) => size >= scale) || [1, ""];
  return [1, ""];
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isLong = (value, units) => units === "s" && Math.abs(value) >= 120;

/** Seconds as the two largest of years, days, hours, minutes and seconds. */
export function duration(seconds) {
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
  return (seconds < 0 ? "-" : "") + (parts.join(" ") || `0${THIN}s`);
}

/** A number in few digits; k, M, G and T are left to `unitsOf`. */
export function amount(value, units = "") {
  if (!isNumber(value)) return NOTHING;
  if (isLong(value, units)) return duration(value);
  const scaled = value / prefixOf(value, units)[0];
  const size = Math.abs(scaled);
  if ((size && size < 0.001) || size >= ENDLESS) return scaled.toExponential(2).replace(/(e[+-])(\d)$/, "$10$2");
  const large = size >= 1000 && LARGE.has(units);
  const decimals = Number.isInteger(scaled) || large ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return grouped(scaled, decimals, true);
}

/** A number with so many decimals, thin spaces between thousands; `trimmed` leaves zeros at the end out. */
export function grouped(value, decimals, trimmed = false) {
  const [whole, fraction = ""] = value.toFixed(decimals).split(".");
  const kept = trimmed ? fraction.replace(/0+$/, "") : fraction;
  return whole.replace(/\B(?=(\d{3})+$)/g, THIN) + (kept ? `.${kept}` : "");
}

/** The units of a number with the prefix that `amount` has taken out of it. */
export function unitsOf(value, units = "") {
  if (!isNumber(value)) return units;
  return isLong(value, units) ? "" : prefixOf(value, units)[1] + units;
}

/** A number with its units, as one text. */
export function shown(value, units = "") {
  return `${amount(value, units)}${THIN}${unitsOf(value, units)}`.trim();
}

/** A number with its units in three digits, for where there is little room. */
export function brief(value, units = "") {
  if (!isNumber(value) || isLong(value, units)) return shown(value, units);
  const scale = prefixOf(value, units)[0];
  return shown(roundTo(value / scale, 3) * scale, units);
}

/** The lowest and the highest of some numbers, in three digits; they share the prefix of the larger one, and the units stand once. */
export function briefRange(low, high, units = "") {
  const to = brief(high, units);
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (!isNumber(low) || !isNumber(high) || isLong(size, units)) return brief(low, units) === to ? to : `${brief(low, units)} – ${to}`;
  const [scale, prefix] = prefixOf(size, units);
  const [from, until] = [low, high].map((value) => grouped(roundTo(value / scale, 3), 3, true));
  return `${from === until ? "" : `${from} – `}${until}${THIN}${prefix}${units}`.trim();
}

function roundTo(value, digits) {
  const size = Math.abs(value);
  return size >= 10 ** (digits - 1) ? Math.round(value) : Number(value.toPrecision(digits));
}

/** Units of a last value, which is a count, not its rate, in every type but GAUGE. */
export const valueUnits = (units, type) => (type === "GAUGE" ? units : units.replace(/\/s$/, ""));

/**
 * What a stored number of a column is in, and what to multiply it by: a counter is stored as its rate per second, and
 * energy per second is power. Returns {units, factor}.
 */
export function stored(units, type) {
  if (type === "GAUGE") return { units, factor: 1 };
  const counted = valueUnits(units, type);
  const [name, factor] = RATES.get(counted) || [`${counted}/s`, 1];
  return { units: name, factor };
}

/** How long ago a time is (seconds since the epoch), in its largest unit, such as `3 h`; `now` below two seconds. */
export function span(time, now = Date.now() / 1000) {
  const passed = now - time;
  if (passed < 2) return "now";
  const [size, word] = AGES.find(([each]) => passed >= each) || [1, "s"];
  return `${Math.floor(passed / size)}${THIN}${word}`;
}

/** The same with `ago`. */
export function age(time, now = Date.now() / 1000) {
  if (!time) return "never";
  const words = span(time, now);
  return words === "now" ? words : `${words} ago`;
}

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** A time (seconds since the epoch) in the browser's zone: date and clock. */
export const moment = (time) => FULL.format(new Date(time * 1000));

/** A stretch of time in the browser's zone; what its ends share is said once. */
export const stretch = (start, end) => DAY.formatRange(new Date(start * 1000), new Date(end * 1000));

/** A time in the browser's zone as short as it stays clear: the clock alone where it is of today. */
export function shortMoment(time, now = Date.now() / 1000) {
  const [date, today] = [new Date(time * 1000), new Date(now * 1000)];
  return (date.toDateString() === today.toDateString() ? CLOCK : DAY).format(date);
}
