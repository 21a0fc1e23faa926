/** Two versions of the face side by side: left of a line as it was, right of it as it is. */

/** @typedef {"neutral"|"edit"} Before what is left of the line: no emotion at all, or the face before the last edit */

export class Wipe {
  constructor() {
    this.on = false;
    /** Where the line is, as a share of the picture's width. */
    this.position = 0.5;
    /** @type {Before} */
    this.before = "neutral";
  }

  /** @param {number} share */
  move(share) {
    this.position = Math.min(1, Math.max(0, share));
  }

  /**
   * The columns of each side.
   * @param {number} width pixels of the picture
   * @returns {{before: [number, number], now: [number, number]}} first column and how many
   */
  columns(width) {
    const split = Math.round(this.position * width);
    return { before: [0, split], now: [split, width - split] };
  }
}
