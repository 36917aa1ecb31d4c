// Labels of a time axis, in the browser's zone and its people's way of writing.

const DAY_S = 86400;
const format = (options) => new Intl.DateTimeFormat(undefined, options);
const YEAR = format({ year: "numeric" });
const MONTH = format({ month: "short" });
const DAY = format({ day: "numeric", month: "short" });
const HOUR = format({ hour: "numeric", minute: "2-digit" });
const SECOND = format({ hour: "numeric", minute: "2-digit", second: "2-digit" });

/**
 * Labels of ticks; a second line tells the day or the year where a new one begins.
 * @param {number[]} times seconds since the epoch
 * @param {number} increment seconds between two
 */
export function timeLabels(times, increment) {
  const [small, large] = formatsOf(increment);
  let before = "";
  return times.map((time) => {
    const date = new Date(time * 1000);
    const above = large ? large.format(date) : "";
    const words = small.format(date);
    const begins = above && above !== before;
    before = above;
    return begins ? `${words}\n${above}` : words;
  });
}

function formatsOf(increment) {
  if (increment >= 365 * DAY_S) return [YEAR, null];
  if (increment >= 28 * DAY_S) return [MONTH, YEAR];
  if (increment >= DAY_S) return [DAY, YEAR];
  return [increment < 60 ? SECOND : HOUR, DAY];
}
