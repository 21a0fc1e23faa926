// Decodes the three kinds of blob into arrays ready for use. Everything in avatar space, quaternions wxyz.

import { unpackBlob } from './blobs.js';
import { ProtocolError } from './msgpack.js';

const ROOT_HALF = Math.SQRT1_2;

/** Indices of the set bits (least significant first) among the first `count`. */
function maskIndices(mask, start, length, count, where) {
  if (length !== Math.ceil(count / 8)) throw new ProtocolError(`${where}: a mask of ${length} bytes for ${count} entries`);
  let total = 0;
  for (let i = 0; i < length; i++) for (let b = mask[start + i]; b; b &= b - 1) total++;
  const indices = new Uint32Array(total);
  let n = 0;
  for (let i = 0; i < length; i++) {
    const byte = mask[start + i];
    for (let bit = 0; byte >> bit; bit++) if ((byte >> bit) & 1) indices[n++] = 8 * i + bit;
  }
  if (total && indices[total - 1] >= count) throw new ProtocolError(`${where}: bits beyond the last entry are set`);
  return indices;
}

function largest(values) {
  let result = -1;
  for (let i = 0; i < values.length; i++) if (values[i] > result) result = values[i];
  return result;
}

function dequantise(integers, minimum, step, columns, where) {
  if (minimum.length !== columns || step.length !== columns) throw new ProtocolError(`${where}: wrong number of ranges`);
  const values = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i++) values[i] = minimum[i % columns] + integers[i] * step[i % columns];
  if (!values.every(Number.isFinite)) throw new ProtocolError(`${where}: a range leaves float32`);
  return values;
}

/** Smallest-three rotations (u32) to unit quaternions, wxyz. */
export function unpackRotations(packed) {
  const result = new Float32Array(4 * packed.length);
  for (let n = 0; n < packed.length; n++) {
    const word = packed[n];
    const dropped = word >>> 30;
    let sum = 0;
    let shift = 20;
    for (let i = 0; i < 4; i++) {
      if (i === dropped) continue;
      const value = ((((word >>> shift) & 1023) / 1023) * 2 - 1) * ROOT_HALF;
      result[4 * n + i] = value;
      sum += value * value;
      shift -= 10;
    }
    const rest = Math.sqrt(Math.max(1 - sum, 0));
    result[4 * n + dropped] = rest;
    const norm = Math.sqrt(sum + rest * rest);
    for (let i = 0; i < 4; i++) result[4 * n + i] /= norm;
  }
  return result;
}

/**
 * Gaussians of the neutral face in the frame of their parent triangle.
 * @returns {{count: number, triangleCount: number, coefficients: number,
 *   positions: Float32Array, triangles: Uint16Array|Uint32Array, quaternions: Float32Array, logScales: Float32Array,
 *   opacities: Float32Array, sh: Float32Array}} positions 3N (units of the triangle's scale), quaternions 4N wxyz,
 *   logScales 3N, opacities N, sh N x coefficients x 3
 */
export function decodeSplats(data) {
  const { dimensions, header, arrays } = unpackBlob(data, 'splats');
  const { N: count, F: triangleCount, K: coefficients } = dimensions;
  if (coefficients !== 1 && coefficients !== 4) throw new ProtocolError(`splats blob: ${coefficients} SH coefficients`);
  if (largest(arrays.triangle) >= triangleCount) throw new ProtocolError('splats blob: a parent triangle is out of range');
  const columns = 3 * coefficients;
  const sh = new Float32Array(count * columns);
  for (let n = 0, i = 0; n < count; n++) {
    for (let c = 0; c < columns; c++, i++) sh[i] = arrays.color_levels[256 * c + arrays.color[i]];
  }
  return {
    count, triangleCount, coefficients,
    positions: dequantise(arrays.position, header.position_min, header.position_step, 3, 'splats blob'),
    triangles: arrays.triangle,
    quaternions: unpackRotations(arrays.rotation),
    logScales: dequantise(arrays.log_scale, header.log_scale_min, header.log_scale_step, 3, 'splats blob'),
    opacities: Float32Array.from(arrays.opacity, (value) => value / 255),
    sh,
  };
}

/** Four-bit integer `i` of a row, two's complement, low nibble first. */
function nibble(bytes, start, i) {
  const byte = bytes[start + (i >> 1)];
  return (((i & 1 ? byte >> 4 : byte & 15) ^ 8) - 8);
}

/**
 * What an emotion state at weight 1 adds to neutral. Sparse: row m belongs to splat indices[m].
 * @returns {{count: number, coefficients: number, expression: Float32Array, jaw: Float32Array,
 *   indices: Uint32Array, sh: Float32Array}} sh: M x coefficients x 3
 */
export function decodeDelta(data) {
  const { dimensions, arrays } = unpackBlob(data, 'delta');
  const { N: count, M: moving, R: rank, R8: wide, H: half, K: coefficients } = dimensions;
  if (coefficients !== 1 && coefficients !== 4) throw new ProtocolError(`delta blob: ${coefficients} SH coefficients`);
  const indices = maskIndices(arrays.mask, 0, arrays.mask.length, count, 'delta blob: mask');
  if (indices.length !== moving) throw new ProtocolError(`delta blob: the mask marks ${indices.length} splats, M is ${moving}`);
  if (rank < wide || half !== Math.ceil((rank - wide) / 2)) throw new ProtocolError('delta blob: its dimensions contradict');
  const columns = 3 * coefficients;
  const sh = new Float32Array(moving * columns);
  for (let m = 0; m < moving; m++) {
    for (let r = 0; r < rank; r++) {
      const value = r < wide ? arrays.values8[m * wide + r] : nibble(arrays.values4, m * half, r - wide);
      if (value === 0) continue;
      for (let c = 0; c < columns; c++) sh[m * columns + c] += value * arrays.basis[r * columns + c];
    }
  }
  if (!sh.every(Number.isFinite)) throw new ProtocolError('delta blob: its basis leaves float32');
  return { count, coefficients, expression: arrays.expression, jaw: arrays.jaw, indices, sh };
}

/**
 * The rig of one avatar. Components: first `expressionCount` expressions, then 9 (J - 1) pose correctives or none.
 * Component c moves vertex indices[c][m] by values[c][3m..3m+2] metres per unit.
 * @returns {{vertexCount: number, triangleCount: number, jointCount: number, expressionCount: number,
 *   template: Float32Array, triangles: Uint16Array|Uint32Array, parents: Int32Array, restJoints: Float32Array,
 *   jointShifts: Float32Array, skinWeights: Float32Array, regions: Uint8Array, regionNames: string[],
 *   components: {indices: Uint32Array, values: Float32Array}[], expressionRange: [number, number]|null, hash: string}}
 */
export function decodeHead(data) {
  const { dimensions, header, arrays } = unpackBlob(data, 'head');
  const { V, F, J, E, C } = dimensions;
  if (C !== E && C !== E + 9 * (J - 1)) throw new ProtocolError(`head blob: ${C} components for ${E} expressions`);
  if (largest(arrays.triangles) >= V) throw new ProtocolError('head blob: a triangle names a vertex out of range');
  for (let j = 0; j < J; j++) {
    const parent = arrays.parents[j];
    if (j === 0 ? parent !== -1 : parent < 0 || parent >= j) throw new ProtocolError('head blob: parents do not form a tree');
  }
  const range = header.expression_range;
  if (range && range.length !== 2) throw new ProtocolError('head blob: expression_range must be two numbers');
  return {
    vertexCount: V, triangleCount: F, jointCount: J, expressionCount: E,
    template: arrays.template,
    triangles: arrays.triangles,
    parents: arrays.parents,
    restJoints: arrays.rest_joints,
    jointShifts: arrays.joint_shifts,
    skinWeights: Float32Array.from(arrays.skin_weights, (value) => value / 65535),
    regions: arrays.regions,
    regionNames: header.region_names,
    components: decodeComponents(dimensions, arrays),
    expressionRange: range,
    hash: header.hash,
  };
}

function decodeComponents({ V, C, VB }, arrays) {
  const components = [];
  const starts = [0, 0];
  for (let c = 0; c < C; c++) {
    const wide = arrays.component_wide[c];
    if (wide > 1) throw new ProtocolError('head blob: component_wide holds a value other than 0 and 1');
    const indices = maskIndices(arrays.component_masks, c * VB, VB, V, 'head blob: component_masks');
    const source = wide ? arrays.values16 : arrays.values8;
    const start = starts[wide];
    const end = start + 3 * indices.length;
    if (end > source.length) throw new ProtocolError('head blob: a component has more vertices than values');
    const scale = arrays.component_scales[c];
    components.push({ indices, values: Float32Array.from(source.subarray(start, end), (value) => value * scale) });
    starts[wide] = end;
  }
  if (starts[0] !== arrays.values8.length || starts[1] !== arrays.values16.length) {
    throw new ProtocolError('head blob: values that no component uses');
  }
  return components;
}
