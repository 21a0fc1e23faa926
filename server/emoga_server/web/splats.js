/**
 * The splats of one avatar: local geometry as textures want it, and colours blended from emotion deltas.
 *
 * @typedef {ReturnType<typeof import("./protocol/quantise.js").decodeSplats>} SplatBuffers
 * @typedef {{indices: Uint32Array, sh: Float32Array, coefficients: number}} Delta what a weight of 1 adds to the SH
 *   of the splats `indices`
 */

/** Splats per texture row; 512 x 3 colour texels stay below every WebGL2 size limit. */
export const SPLATS_PER_ROW = 512;

export class Splats {
  /** @param {SplatBuffers} buffers */
  constructor(buffers) {
    const n = (this.count = buffers.count);
    this.rows = Math.max(1, Math.ceil(n / SPLATS_PER_ROW));
    this.coefficients = buffers.coefficients;
    const padded = this.rows * SPLATS_PER_ROW;
    /** Local mean and parent triangle, (N,4). */
    this.means = new Float32Array(padded * 4);
    /** Local rotation xyzw, (N,4). */
    this.quaternions = new Float32Array(padded * 4);
    /** Local scales and opacity, (N,4). */
    this.scales = new Float32Array(padded * 4);
    /** SH with the coefficients of one channel in one texel: (N,3,4), blended. */
    this.colors = new Float32Array(padded * 12);
    /** The neutral ones. */
    this.neutral = new Float32Array(padded * 12);
    for (let i = 0; i < n; i++) this.#fill(buffers, i);
    this.colors.set(this.neutral);
    /** Texel layout. @type {Map<string, {indices: Uint32Array, values: Float32Array}>} */
    this.deltas = new Map();
    /** @type {Float64Array} the weights that `colors` holds, in the order of `order` */
    this.blended = new Float64Array(0);
    /** @type {string[]} */
    this.names = [];
    /** Goes up whenever `colors` changes: the renderer uploads then. */
    this.version = 1;
  }

  #fill(buffers, i) {
    const { coefficients } = buffers;
    for (let k = 0; k < 3; k++) {
      this.means[i * 4 + k] = buffers.positions[i * 3 + k];
      this.scales[i * 4 + k] = Math.exp(buffers.logScales[i * 3 + k]);
    }
    this.means[i * 4 + 3] = buffers.triangles[i];
    this.scales[i * 4 + 3] = buffers.opacities[i];
    for (let k = 0; k < 4; k++) this.quaternions[i * 4 + k] = buffers.quaternions[i * 4 + ((k + 1) % 4)];
    for (let c = 0; c < coefficients; c++) {
      for (let channel = 0; channel < 3; channel++) {
        this.neutral[i * 12 + channel * 4 + c] = buffers.sh[(i * coefficients + c) * 3 + channel];
      }
    }
  }

  /**
   * Adds or replaces what an emotion changes (null removes it).
   * @param {string} name
   * @param {Delta|null} delta
   */
  setDelta(name, delta) {
    if (!delta) this.deltas.delete(name);
    else {
      const { coefficients, indices, sh } = delta;
      const values = new Float32Array(indices.length * 12);
      for (let m = 0; m < indices.length; m++) {
        for (let c = 0; c < coefficients; c++) {
          for (let channel = 0; channel < 3; channel++) {
            values[m * 12 + channel * 4 + c] = sh[(m * coefficients + c) * 3 + channel];
          }
        }
      }
      this.deltas.set(name, { indices, values });
    }
    this.blended = new Float64Array(0); // forces the next blend
  }

  /**
   * colors = neutral + sum_k w_k delta_k. Does nothing when the weights are those of the last call.
   * @param {string[]} names
   * @param {ArrayLike<number>} weights
   * @returns {boolean} whether `colors` changed
   */
  blend(names, weights) {
    let same = this.blended.length === names.length;
    for (let k = 0; k < names.length && same; k++) {
      same = this.names[k] === names[k] && Math.abs(this.blended[k] - weights[k]) < 1e-4;
    }
    if (same) return false;
    if (this.blended.length !== names.length) this.blended = new Float64Array(names.length);
    this.names = names;
    this.colors.set(this.neutral);
    for (let k = 0; k < names.length; k++) {
      const w = (this.blended[k] = weights[k]);
      const delta = this.deltas.get(names[k]);
      if (w !== 0 && delta) this.#add(delta, w);
    }
    this.version++;
    return true;
  }

  #add(delta, weight) {
    const { indices, values } = delta;
    const colors = this.colors;
    for (let m = 0, v = 0; m < indices.length; m++, v += 12) {
      const o = indices[m] * 12;
      if (this.coefficients === 1) {
        colors[o] += weight * values[v];
        colors[o + 4] += weight * values[v + 4];
        colors[o + 8] += weight * values[v + 8];
      } else {
        for (let c = 0; c < 12; c++) colors[o + c] += weight * values[v + c];
      }
    }
  }
}
