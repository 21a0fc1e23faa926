/**
 * The head on this client: expression and joint rotations in, posed vertices and triangle frames out.
 *
 * Linear blend skinning as in FLAME (Li et al. 2017): blend shapes move vertices and joints, each joint
 * rotates about its place, pose correctives (when the head has them) follow the rotations. Triangle frames
 * as in GaussianAvatars (Qian et al. 2024): a splat is stored relative to its parent triangle.
 * No allocation after construction.
 *
 * @typedef {ReturnType<typeof import("./protocol/quantise.js").decodeHead>} HeadBuffers
 */

/** Triangles per row of the triangle texture, three texels each. */
export const TRIANGLES_PER_ROW = 512;

/** Floats per triangle: centre and scale, first axis, normal. */
export const TRIANGLE_STRIDE = 12;

const NEGLIGIBLE = 1e-5;

/**
 * Rotation matrix (row-major, 9 numbers) of an axis-angle vector, by Rodrigues' formula.
 * @param {ArrayLike<number>} source
 * @param {number} at  index of the first of three numbers
 * @param {Float64Array} out
 * @param {number} [to]
 */
export function rotationFromAxisAngle(source, at, out, to = 0) {
  const x = source[at], y = source[at + 1], z = source[at + 2];
  const angle = Math.sqrt(x * x + y * y + z * z);
  // sin(a)/a and (1-cos(a))/a^2 have finite limits: no division by a tiny angle
  const s = angle > 1e-6 ? Math.sin(angle) / angle : 1 - (angle * angle) / 6;
  const half = Math.sin(angle / 2);
  const c = angle > 1e-6 ? (2 * half * half) / (angle * angle) : 0.5;
  out[to] = 1 - c * (y * y + z * z);
  out[to + 1] = c * x * y - s * z;
  out[to + 2] = c * x * z + s * y;
  out[to + 3] = c * x * y + s * z;
  out[to + 4] = 1 - c * (x * x + z * z);
  out[to + 5] = c * y * z - s * x;
  out[to + 6] = c * x * z - s * y;
  out[to + 7] = c * y * z + s * x;
  out[to + 8] = 1 - c * (x * x + y * y);
}

/**
 * target += coefficient * component, for the vertices that the component moves.
 * @param {Float32Array} target (V,3)
 * @param {{indices: Uint32Array, values: Float32Array}} component
 * @param {number} coefficient
 */
function addComponent(target, { indices, values }, coefficient) {
  for (let k = 0, v = 0; k < indices.length; k++, v += 3) {
    const o = indices[k] * 3;
    target[o] += coefficient * values[v];
    target[o + 1] += coefficient * values[v + 1];
    target[o + 2] += coefficient * values[v + 2];
  }
}

export class Rig {
  /** @param {HeadBuffers} head */
  constructor(head) {
    this.numVertices = head.vertexCount;
    this.numTriangles = head.triangleCount;
    this.numJoints = head.jointCount;
    this.numExpressions = head.expressionCount;
    this.head = head;
    this.triangles = Uint32Array.from(head.triangles);
    /** Expressions move every frame's shape; what is left of the components corrects for joint rotations. */
    this.correctives = head.components.slice(head.expressionCount);
    /** Vertices after blend shapes, before skinning, (V,3). */
    this.shaped = new Float32Array(head.template);
    /** Posed vertices, (V,3), avatar space in metres. */
    this.vertices = new Float32Array(head.template);
    const rows = Math.max(1, Math.ceil(this.numTriangles / TRIANGLES_PER_ROW));
    /** Triangle frames, padded to whole texture rows. */
    this.frames = new Float32Array(rows * TRIANGLES_PER_ROW * TRIANGLE_STRIDE);
    this.frameRows = rows;
    this.joints = new Float64Array(this.numJoints * 3);
    this.rotations = new Float64Array(this.numJoints * 9);
    /** Skinning matrices, 3x4 row-major per joint. */
    this.transforms = new Float64Array(this.numJoints * 12);
    this.lastExpression = new Float32Array(this.numExpressions).fill(NaN);
    this.shapedWithCorrectives = this.correctives.length ? new Float32Array(this.shaped.length) : this.shaped;
  }

  /**
   * Poses the head and updates `vertices` and `frames`.
   * @param {ArrayLike<number>} expression (E)
   * @param {ArrayLike<number>} jointRotations (J,3) axis-angle, radians, relative to the parent joint
   * @param {ArrayLike<number>} translation (3) metres
   */
  pose(expression, jointRotations, translation) {
    this.#shape(expression);
    this.#placeJoints(jointRotations);
    this.#correct();
    this.#skin(translation);
    this.#updateFrames();
  }

  /** @param {ArrayLike<number>} expression */
  #shape(expression) {
    const last = this.lastExpression;
    let same = true;
    for (let e = 0; e < last.length && same; e++) same = Math.abs(last[e] - expression[e]) < 1e-7;
    if (same) return;
    const { components, jointShifts, restJoints, template } = this.head;
    this.shaped.set(template);
    this.joints.set(restJoints);
    const n = this.joints.length;
    for (let e = 0; e < last.length; e++) {
      const c = (last[e] = expression[e]);
      if (Math.abs(c) < NEGLIGIBLE) continue;
      addComponent(this.shaped, components[e], c);
      for (let i = 0, o = e * n; i < n; i++, o++) this.joints[i] += c * jointShifts[o];
    }
  }

  /** @param {ArrayLike<number>} jointRotations */
  #placeJoints(jointRotations) {
    const { joints, rotations, transforms } = this;
    const parents = this.head.parents;
    for (let j = 0; j < this.numJoints; j++) {
      rotationFromAxisAngle(jointRotations, j * 3, rotations, j * 9);
      const t = j * 12, r = j * 9, p = parents[j];
      const x = joints[j * 3], y = joints[j * 3 + 1], z = joints[j * 3 + 2];
      for (let row = 0; row < 3; row++) {
        let a, b, c, d;
        if (p < 0) {
          a = rotations[r + row * 3]; b = rotations[r + row * 3 + 1]; c = rotations[r + row * 3 + 2];
          d = joints[j * 3 + row];
        } else {
          // parent's skinning matrix P keeps P*joint where the parent carries this joint
          const q = p * 12 + row * 4;
          const p0 = transforms[q], p1 = transforms[q + 1], p2 = transforms[q + 2];
          a = p0 * rotations[r] + p1 * rotations[r + 3] + p2 * rotations[r + 6];
          b = p0 * rotations[r + 1] + p1 * rotations[r + 4] + p2 * rotations[r + 7];
          c = p0 * rotations[r + 2] + p1 * rotations[r + 5] + p2 * rotations[r + 8];
          d = p0 * x + p1 * y + p2 * z + transforms[q + 3];
        }
        transforms[t + row * 4] = a;
        transforms[t + row * 4 + 1] = b;
        transforms[t + row * 4 + 2] = c;
        transforms[t + row * 4 + 3] = d - (a * x + b * y + c * z);
      }
    }
  }

  #correct() {
    const { correctives, rotations } = this;
    if (!correctives.length) return;
    this.shapedWithCorrectives.set(this.shaped);
    for (let i = 0; i < correctives.length; i++) {
      const coefficient = rotations[9 + i] - (i % 9 % 4 === 0 ? 1 : 0);
      if (Math.abs(coefficient) > NEGLIGIBLE) addComponent(this.shapedWithCorrectives, correctives[i], coefficient);
    }
  }

  /** @param {ArrayLike<number>} translation */
  #skin(translation) {
    const { transforms: m, vertices, numJoints } = this;
    const source = this.shapedWithCorrectives, weights = this.head.skinWeights;
    const tx = translation[0], ty = translation[1], tz = translation[2];
    for (let v = 0, o = 0, w = 0; v < this.numVertices; v++, o += 3) {
      const x = source[o], y = source[o + 1], z = source[o + 2];
      let px = tx, py = ty, pz = tz;
      for (let j = 0, t = 0; j < numJoints; j++, t += 12, w++) {
        const k = weights[w];
        if (k === 0) continue;
        px += k * (m[t] * x + m[t + 1] * y + m[t + 2] * z + m[t + 3]);
        py += k * (m[t + 4] * x + m[t + 5] * y + m[t + 6] * z + m[t + 7]);
        pz += k * (m[t + 8] * x + m[t + 9] * y + m[t + 10] * z + m[t + 11]);
      }
      vertices[o] = px; vertices[o + 1] = py; vertices[o + 2] = pz;
    }
  }

  #updateFrames() {
    triangleFrames(this.vertices, this.triangles, this.frames);
  }
}

/**
 * Triangle frames: 12 floats each, `centre xyz, scale, a0 xyz, 0, a1 xyz, 0` with a0 along the first edge,
 * a1 the normal; the third axis is a0 x a1. scale = (|v1-v0| + |a2.(v2-v0)|) / 2.
 * @param {Float32Array} vertices (V,3)
 * @param {Uint32Array} triangles (F,3)
 * @param {Float32Array} out (F,12) or longer
 */
export function triangleFrames(vertices, triangles, out) {
  for (let f = 0, o = 0; f < triangles.length; f += 3, o += TRIANGLE_STRIDE) {
    const i = triangles[f] * 3, j = triangles[f + 1] * 3, k = triangles[f + 2] * 3;
    const x0 = vertices[i], y0 = vertices[i + 1], z0 = vertices[i + 2];
    let ax = vertices[j] - x0, ay = vertices[j + 1] - y0, az = vertices[j + 2] - z0;
    const bx = vertices[k] - x0, by = vertices[k + 1] - y0, bz = vertices[k + 2] - z0;
    out[o] = x0 + (ax + bx) / 3; out[o + 1] = y0 + (ay + by) / 3; out[o + 2] = z0 + (az + bz) / 3;
    const base = Math.sqrt(ax * ax + ay * ay + az * az);
    const ia = 1 / Math.max(base, 1e-10);
    ax *= ia; ay *= ia; az *= ia;
    let nx = ay * bz - az * by, ny = az * bx - ax * bz, nz = ax * by - ay * bx;
    const il = 1 / Math.max(Math.sqrt(nx * nx + ny * ny + nz * nz), 1e-10);
    nx *= il; ny *= il; nz *= il;
    const cx = ay * nz - az * ny, cy = az * nx - ax * nz, cz = ax * ny - ay * nx;
    out[o + 3] = 0.5 * (base + Math.abs(cx * bx + cy * by + cz * bz));
    out[o + 4] = ax; out[o + 5] = ay; out[o + 6] = az;
    out[o + 8] = nx; out[o + 9] = ny; out[o + 10] = nz;
  }
}

/**
 * Area-weighted vertex normals, for shading the mesh.
 * @param {Float32Array} vertices (V,3)
 * @param {Uint32Array} triangles (F,3)
 * @param {Float32Array} out (V,3)
 */
export function vertexNormals(vertices, triangles, out) {
  out.fill(0);
  for (let f = 0; f < triangles.length; f += 3) {
    const i = triangles[f] * 3, j = triangles[f + 1] * 3, k = triangles[f + 2] * 3;
    const ax = vertices[j] - vertices[i], ay = vertices[j + 1] - vertices[i + 1], az = vertices[j + 2] - vertices[i + 2];
    const bx = vertices[k] - vertices[i], by = vertices[k + 1] - vertices[i + 1], bz = vertices[k + 2] - vertices[i + 2];
    const nx = ay * bz - az * by, ny = az * bx - ax * bz, nz = ax * by - ay * bx;
    out[i] += nx; out[i + 1] += ny; out[i + 2] += nz;
    out[j] += nx; out[j + 1] += ny; out[j + 2] += nz;
    out[k] += nx; out[k + 1] += ny; out[k + 2] += nz;
  }
  for (let v = 0; v < out.length; v += 3) {
    const inverse = 1 / Math.max(Math.hypot(out[v], out[v + 1], out[v + 2]), 1e-20);
    out[v] *= inverse; out[v + 1] *= inverse; out[v + 2] *= inverse;
  }
}
