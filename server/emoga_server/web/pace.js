/**
 * Sends wishes no faster than a server takes them: the first at once, later ones merged into one until its turn
 * comes. A control may so report every pointer event of a drag, and the last wish always goes out.
 * @template Wish
 */
export class Pace {
  /**
   * @param {number} milliseconds between two sendings
   * @param {(wish: Wish) => any} send
   * @param {(waiting: Wish, wish: Wish) => Wish} [merge] a newer wish replaces the one that waits unless told how to
   */
  constructor(milliseconds, send, merge = (waiting, wish) => wish) {
    this.milliseconds = milliseconds;
    this.send = send;
    this.merge = merge;
    /** @type {{wish: Wish, sent: ((result: any) => void)[]}|null} */
    this.waiting = null;
    /** @type {ReturnType<typeof setTimeout>|null} */
    this.timer = null;
  }

  /**
   * @param {Wish} wish
   * @returns {Promise<any>} what `send` returns, once the wish or what it was merged into has gone out
   */
  push(wish) {
    const waiting = this.waiting;
    const sent = waiting?.sent ?? [];
    this.waiting = { wish: waiting ? this.merge(waiting.wish, wish) : wish, sent };
    const result = new Promise((resolve) => sent.push(resolve));
    if (this.timer === null) this.#next();
    return result;
  }

  #next() {
    this.timer = null;
    if (!this.waiting) return;
    const { wish, sent } = this.waiting;
    this.waiting = null;
    this.timer = setTimeout(() => this.#next(), this.milliseconds);
    const result = this.send(wish);
    for (const resolve of sent) resolve(result);
  }
}
