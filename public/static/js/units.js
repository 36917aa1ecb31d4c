// Units: which go with SI prefixes, and what the rate of a count is in; the same tables as in core/units.py.

/** Units that go with k, M, G and T; what has a prefix already, or is known without one, such as hPa, °C and lx, does not. */
export const LARGE = new Set([
  "W", "Wh", "VA", "VAh", "var", "varh", "V", "A", "Ah", "J", "Ω", "F", "H", "S", "Pa", "N", "g", "Sv", "Sv/h", "Bq", "B", "B/s", "bit", "bit/s", "b/s", "bps", "Hz",
]);

const NEVER_SMALL = new Set(["Wh", "VAh", "varh", "N", "B", "B/s", "bit", "bit/s", "b/s", "bps", "Hz"]);

/** Units that go with m, µ and n. */
export const SMALL = new Set([...LARGE].filter((units) => !NEVER_SMALL.has(units)));

/** Units of a count → [what its rate is in, what the rate per second is multiplied by]; of any other count it is per second. */
export const RATES = new Map([
  ["mWh", ["W", 3.6]], ["Wh", ["W", 3600]], ["kWh", ["W", 3600000]], ["MWh", ["W", 3600000000]], ["GWh", ["W", 3600000000000]],
  ["VAh", ["VA", 3600]], ["kVAh", ["VA", 3600000]], ["varh", ["var", 3600]], ["kvarh", ["var", 3600000]], ["Ah", ["A", 3600]],
  ["mAh", ["A", 3.6]], ["J", ["W", 1]], ["kJ", ["W", 1000]], ["MJ", ["W", 1000000]], ["GJ", ["W", 1000000000]],
  ["Ws", ["W", 1]], ["m³", ["m³/h", 3600]], ["m3", ["m³/h", 3600]], ["ft³", ["ft³/h", 3600]], ["l", ["l/min", 60]],
  ["L", ["L/min", 60]], ["ml", ["ml/min", 60]], ["gal", ["gal/min", 60]], ["mm", ["mm/h", 3600]], ["in", ["in/h", 3600]],
  ["km", ["km/h", 3600]], ["mi", ["mph", 3600]], ["kg", ["kg/h", 3600]], ["kB", ["B/s", 1000]], ["MB", ["B/s", 1000000]],
  ["GB", ["B/s", 1000000000]], ["KiB", ["B/s", 1024]], ["MiB", ["B/s", 1048576]], ["GiB", ["B/s", 1073741824]],
  ["ms", ["%", 0.1]], ["s", ["%", 100]], ["min", ["%", 6000]], ["h", ["%", 360000]], ["€", ["€/h", 3600]],
  ["$", ["$/h", 3600]], ["£", ["£/h", 3600]], ["¥", ["¥/h", 3600]], ["ct", ["ct/h", 3600]], ["kr", ["kr/h", 3600]],
  ["USD", ["USD/h", 3600]], ["CHF", ["CHF/h", 3600]],
  ["SEK", ["SEK/h", 3600]], ["NOK", ["NOK/h", 3600]], ["DKK", ["DKK/h", 3600]], ["PLN", ["PLN/h", 3600]],
  ["CZK", ["CZK/h", 3600]], ["HUF", ["HUF/h", 3600]], ["AUD", ["AUD/h", 3600]], ["CAD", ["CAD/h", 3600]],
  ["NZD", ["NZD/h", 3600]],
]);
