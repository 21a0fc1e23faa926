/**
 * Back-to-front order of the splats by a counting sort over 16-bit depths.
 *
 * Depth is affine in the local position for a given triangle, so each triangle first gets four numbers
 * and each splat costs three multiplications. Equal depths keep their index order (a stable sort), and the
 * range of the sort follows the avatar: about five micrometres a step for a head.
 */
import { TRIANGLE_STRIDE } from "./rig.js";

const BUCKETS = 65536;

export class Sorter {
  /**
   * @param {Float32Array} means (N,4): local x, y, z and the parent triangle
   * @param {number} numTriangles
   * @param {number} [capacity] length of `order`, at least N (whole texture rows)
   */
  constructor(means, numTriangles, capacity = means.length / 4) {
    this.count = means.length / 4;
    this.means = means;
    this.numTriangles = numTriangles;
    /** Splat indices, the farthest first. */
    this.order = new Uint32Array(capacity);
    this.parents = new Uint32Array(this.count);
    for (let i = 0; i < this.count; i++) this.parents[i] = means[i * 4 + 3];
    this.depths = new Float32Array(this.count);
    this.keys = new Uint16Array(this.count);
    this.starts = new Uint32Array(BUCKETS);
    this.affine = new Float32Array(numTriangles * 4);
  }

  /**
   * Sorts for a camera whose depth of a point p is x*p.x + y*p.y + z*p.z + w (third row of world-to-camera).
   * @param {Float32Array} frames triangle frames (see rig.js)
   * @param {number} x
   * @param {number} y
   * @param {number} z
   * @param {number} w
   * @returns {Uint32Array} `order`
   */
  sort(frames, x, y, z, w) {
    this.#triangleDepths(frames, x, y, z, w);
    const { affine, count, depths, keys, means, order, parents, starts } = this;
    let nearest = Infinity, farthest = -Infinity;
    for (let i = 0, m = 0; i < count; i++, m += 4) {
      const a = parents[i] * 4;
      const depth = affine[a] * means[m] + affine[a + 1] * means[m + 1] + affine[a + 2] * means[m + 2] + affine[a + 3];
      depths[i] = depth;
      if (depth < nearest) nearest = depth;
      if (depth > farthest) farthest = depth;
    }
    if (!(farthest >= nearest)) return order;
    const scale = (BUCKETS - 1) / Math.max(farthest - nearest, 1e-9);
    starts.fill(0);
    for (let i = 0; i < count; i++) {
      const key = BUCKETS - 1 - (((depths[i] - nearest) * scale) | 0);
      keys[i] = key;
      starts[keys[i]]++;
    }
    let sum = 0;
    for (let k = 0; k < BUCKETS; k++) {
      const here = starts[k];
      starts[k] = sum;
      sum += here;
    }
    for (let i = 0; i < count; i++) order[starts[keys[i]]++] = i;
    return order;
  }

  /** Depth as an affine function of the local position, for each triangle. */
  #triangleDepths(frames, x, y, z, w) {
    const { affine, numTriangles } = this;
    for (let t = 0, f = 0, a = 0; t < numTriangles; t++, f += TRIANGLE_STRIDE, a += 4) {
      const scale = frames[f + 3];
      const ax = frames[f + 4], ay = frames[f + 5], az = frames[f + 6];
      const nx = frames[f + 8], ny = frames[f + 9], nz = frames[f + 10];
      affine[a] = scale * (x * ax + y * ay + z * az);
      affine[a + 1] = scale * (x * nx + y * ny + z * nz);
      affine[a + 2] = scale * (x * (ay * nz - az * ny) + y * (az * nx - ax * nz) + z * (ax * ny - ay * nx));
      affine[a + 3] = x * frames[f] + y * frames[f + 1] + z * frames[f + 2] + w;
    }
  }
}
