/** Small random rigs and splats, the same for the same seed. */

/** mulberry32 */
export function random(seed) {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function randomHead(seed, { vertices = 40, expressions = 6, correctives = false } = {}) {
  const r = random(seed), jointCount = 5;
  const floats = (n, scale) => Float32Array.from({ length: n }, () => (r() - 0.5) * scale);
  const skinWeights = new Float32Array(vertices * jointCount);
  for (let v = 0; v < vertices; v++) {
    const raw = Array.from({ length: jointCount }, () => r() ** 4), sum = raw.reduce((a, b) => a + b);
    raw.forEach((w, j) => { skinWeights[v * jointCount + j] = w / sum; });
  }
  const count = expressions + (correctives ? 9 * (jointCount - 1) : 0);
  const components = Array.from({ length: count }, () => {
    const indices = Uint32Array.from(Array.from({ length: vertices }, (_, v) => v).filter(() => r() < 0.4));
    return { indices, values: floats(indices.length * 3, 0.02) };
  });
  return {
    vertexCount: vertices, triangleCount: vertices - 2, jointCount, expressionCount: expressions,
    template: floats(vertices * 3, 0.3),
    triangles: Uint16Array.from(Array.from({ length: vertices - 2 }, (_, i) => [i, i + 1, i + 2]).flat()),
    parents: Int32Array.from([-1, 0, 1, 1, 1]),
    restJoints: floats(jointCount * 3, 0.2), jointShifts: floats(expressions * jointCount * 3, 0.005),
    skinWeights, components, regions: new Uint8Array(vertices), regionNames: [], expressionRange: null, hash: "",
  };
}

export function randomSplats(seed, triangleCount, count, coefficients = 4) {
  const r = random(seed);
  const floats = (n, scale) => Float32Array.from({ length: n }, () => (r() - 0.5) * scale);
  const quaternions = floats(count * 4, 2);
  for (let i = 0; i < count; i++) {
    const length = Math.hypot(...quaternions.subarray(4 * i, 4 * i + 4));
    for (let k = 0; k < 4; k++) quaternions[4 * i + k] /= length;
  }
  return {
    count, triangleCount, coefficients, quaternions,
    positions: floats(count * 3, 2), triangles: Uint32Array.from({ length: count }, () => Math.floor(r() * triangleCount)),
    logScales: floats(count * 3, 1), opacities: Float32Array.from({ length: count }, r), sh: floats(count * coefficients * 3, 1),
  };
}
