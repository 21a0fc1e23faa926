/**
 * Chooses how many pixels to draw: sharp where the machine keeps up, fewer where it does not.
 * Judges by the time between drawn pictures, waits between changes, and does not go back up to a ratio that
 * has proved too slow.
 */
const SLOW = 1 / 24, FAST = 1 / 50, LEAST = 0.6;

export class Quality {
  /** @param {number|null} fixed always this ratio */
  constructor(fixed = null) {
    this.fixed = fixed;
    this.ratio = fixed ?? 1;
    this.ceiling = Infinity;
    this.reset();
  }

  reset() {
    this.time = 0;
    this.count = 0;
  }

  /** @param {number} deviceRatio @returns {number} drawing-buffer pixels for one CSS pixel */
  current(deviceRatio) {
    if (this.fixed !== null) return this.fixed;
    this.most = Math.min(deviceRatio, 2);
    if (this.started === undefined) {
      this.started = true;
      this.ratio = this.most;
    }
    return Math.min(this.ratio, this.most);
  }

  /** @param {number} seconds since the picture before @returns {boolean} whether the ratio changed */
  drawn(seconds) {
    if (this.fixed !== null || seconds > 1) return false;
    this.time += seconds;
    this.count++;
    if (this.time < 1.2 || this.count < 4) return false;
    const mean = this.time / this.count;
    this.reset();
    if (mean > SLOW && this.ratio > LEAST) {
      this.ceiling = this.ratio;
      this.ratio = Math.max(LEAST, this.ratio * Math.max(0.6, Math.sqrt(SLOW / mean)));
      return true;
    }
    const higher = Math.min(this.most, this.ratio * 1.2);
    if (mean < FAST && higher > this.ratio && higher < this.ceiling * 0.98) {
      this.ratio = higher;
      return true;
    }
    return false;
  }
}
