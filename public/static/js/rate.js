// The rate of a counter, from the counts as they come.

export class Rate {
  /** @param {string} type the column's; what an ABSOLUTE says is no count, so its rate is known from the file only */
  constructor(type) {
    this.counts = type !== "ABSOLUTE";
    this.before = null; // the last [time, count]
  }

  /** Take a count and its time, in seconds; returns the rate per second since the one before, null where that is not known. */
  take(count, time) {
    const { before } = this;
    if (count === null || time === null) return null;
    this.before = [time, count];
    if (before === null || time <= before[0] || !this.counts) return null;
    const rate = (count - before[1]) / (time - before[0]);
    return rate < 0 ? null : rate;
  }
}
