// Which stretch of time a chart shows: from `start` to `end`, seconds since the epoch; a start below zero counts from the end, no end is now.

import { now } from "./clock.js";

const SHORTEST_S = 10;
const LONGEST_S = 30 * 31557600;

/** A view's {start, end} as times. */
export function timesOf({ start, end }) {
  const last = end || now();
  return [start < 0 ? last + start : start, last];
}

/** The view of a stretch, neither too short nor too long, and not beyond now; who comes to the right edge follows it. */
export function viewOf(start, end) {
  const present = now();
  const span = Math.min(Math.max(end - start, SHORTEST_S), LONGEST_S);
  const last = Math.min((start + end) / 2 + span / 2, present);
  return present - last < span / 200 ? { start: -span, end: 0 } : { start: last - span, end: last };
}
