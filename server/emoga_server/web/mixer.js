/** Emotion weights that this client mixes by itself, moving along the same curves as the server's. */
import { ease, normalizeWeights } from "./protocol/mixing.js";

export class LocalMixer {
  constructor() {
    /** @type {Map<string, {from: number, to: number, start: number, duration: number, easing: string}>} */
    this.moves = new Map();
  }

  /**
   * @param {Record<string, number>} weights new values, 0..1; states not named stay
   * @param {{duration: number, easing: string, now: number}} how seconds, curve, seconds on any steady clock
   */
  set(weights, { duration, easing, now }) {
    for (const [name, to] of Object.entries(weights)) {
      this.moves.set(name, { from: this.at(name, now), to: Math.min(1, Math.max(0, to)), start: now, duration, easing });
    }
  }

  /** The weight of one state at a time, before the sum is limited. */
  at(name, now) {
    const move = this.moves.get(name);
    if (!move) return 0;
    const t = move.duration > 0 ? (now - move.start) / move.duration : 1;
    return t >= 1 ? move.to : move.from + (move.to - move.from) * ease(move.easing, t);
  }

  /**
   * @param {(string|null)[]} slots state name of each slot
   * @param {number} now
   * @returns {Float64Array} weights by slot, summing to 1 at most
   */
  weights(slots, now) {
    return normalizeWeights(slots.map((name) => (name === null ? 0 : this.at(name, now))));
  }
}
