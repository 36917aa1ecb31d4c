// The server's clock: a tablet's own may be minutes off.

let skew = 0; // seconds that the server's clock is ahead of the browser's

/** Note what time it is at the server, seconds since the epoch. */
export function setNow(time) {
  if (Number.isFinite(time)) skew = time - Date.now() / 1000;
}

/** The time at the server, seconds since the epoch; the browser's until the server has told its own. */
export const now = () => Date.now() / 1000 + skew;
