// Rules that server and clients share: emotion weights, easing curves, the blended expression.

import { EASINGS } from './messages.js';
import { ProtocolError } from './msgpack.js';

/**
 * Clamps emotion weights to [0, 1] and, where their sum exceeds 1, rescales it to 1. NaN counts as 0.
 * @param {ArrayLike<number>} weights in slot order
 * @returns {Float64Array}
 */
export function normalizeWeights(weights) {
  const result = new Float64Array(weights.length);
  let total = 0;
  for (let k = 0; k < weights.length; k++) {
    const weight = weights[k];
    result[k] = weight > 0 ? Math.min(weight, 1) : 0;
    total += result[k];
  }
  if (total > 1) for (let k = 0; k < result.length; k++) result[k] /= total;
  return result;
}

/** Value of an easing curve at `t`, clamped to [0, 1]. */
export function ease(name, t) {
  if (!Object.prototype.hasOwnProperty.call(EASINGS, name)) throw new ProtocolError(`unknown easing '${name}'`);
  const [first, second] = EASINGS[name];
  const x = t > 0 ? Math.min(t, 1) : 0; // NaN too becomes 0
  const coefficients = x < 0.5 ? first : second;
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i];
  return value;
}

/**
 * clamp(motion + sum over k of weights[k] * offsets[k]).
 * @param {ArrayLike<number>} motion E coefficients
 * @param {ArrayLike<number>} weights K emotion weights, already normalised
 * @param {(ArrayLike<number>|null)[]} offsets expression offset of each slot; null where its blob is not here
 * @param {[number, number]|null} range bounds of the head's coefficients
 * @param {Float32Array} [out] E values
 */
export function blendExpression(motion, weights, offsets, range, out = new Float32Array(motion.length)) {
  out.set(motion);
  for (let k = 0; k < weights.length; k++) {
    const offset = offsets[k];
    if (!offset || weights[k] === 0) continue;
    for (let e = 0; e < out.length; e++) out[e] += weights[k] * offset[e];
  }
  if (range) for (let e = 0; e < out.length; e++) out[e] = Math.min(Math.max(out[e], range[0]), range[1]);
  return out;
}
