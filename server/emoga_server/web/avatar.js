/** One avatar on this client: its rig and splats, what each emotion adds, and the pose of an instant. */
import { Framing } from "./orbit.js";
import { blendExpression, normalizeWeights } from "./protocol/mixing.js";
import { decodeDelta, decodeHead, decodeSplats } from "./protocol/quantise.js";
import { Rig } from "./rig.js";
import { Splats } from "./splats.js";

const NECK = 1, JAW = 2;
/** Name under which the splats keep a state's version before its last change. */
const EARLIER = "\u0000earlier";

/**
 * Fetches and decodes an avatar with all its states that can be had.
 * @param {any} info entry of the manifest
 * @param {import("./blobs.js").BlobStore} blobs
 * @param {(share: number, text: string) => void} onProgress
 * @returns {Promise<LoadedAvatar>}
 * @throws {Error} when a blob cannot be had, or does not fit the others
 */
export async function loadAvatar(info, blobs, onProgress) {
  const states = [...info.states]; // the entry may change while the data comes
  const refs = [info.head_blob, info.splats_blob, ...states.map((state) => state.blob)];
  const total = refs.reduce((sum, ref) => sum + ref.size, 0);
  const received = refs.map(() => 0);
  const report = () => {
    const sum = received.reduce((a, b) => a + b, 0);
    onProgress(sum / Math.max(1, total), `${(sum / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`);
  };
  report();
  const data = await Promise.all(refs.map((ref, i) => {
    const download = blobs.get(ref, (bytes) => {
      received[i] = bytes;
      report();
    });
    return i < 2 ? download : download.catch(() => null); // an emotion may come later
  }));
  const avatar = new LoadedAvatar(info, decodeHead(data[0]), decodeSplats(data[1]));
  states.forEach((state, i) => {
    if (data[2 + i] && avatar.slots[state.slot] === state.name) avatar.putState(state, data[2 + i]);
  });
  return avatar;
}

export class LoadedAvatar {
  /**
   * @param {any} info
   * @param {ReturnType<typeof decodeHead>} head
   * @param {ReturnType<typeof decodeSplats>} splats
   */
  constructor(info, head, splats) {
    if (splats.triangleCount !== head.triangleCount) {
      throw new Error(`The splats belong to a head of ${splats.triangleCount} triangles, this one has ${head.triangleCount}.`);
    }
    this.info = info;
    this.head = head;
    this.rig = new Rig(head);
    this.splats = new Splats(splats);
    this.range = head.expressionRange;
    /** State name of each weight slot, null where there is none. @type {(string|null)[]} */
    this.slots = [];
    /** Decoded deltas by slot, null while not here. @type {(ReturnType<typeof decodeDelta>|null)[]} */
    this.deltas = [];
    /** sha256 of each slot's delta. @type {(string|null)[]} */
    this.hashes = [];
    this.expressionOffsets = [];
    /** A state as it was before its last change; delta null where it did not exist. @type {{name: string, hash: string|null, delta: ReturnType<typeof decodeDelta>|null}|null} */
    this.earlier = null;
    /** Weights on the face, by slot; reused. */
    this.weights = new Float64Array(0);
    this.expression = new Float32Array(head.expressionCount);
    this.joints = new Float32Array(head.jointCount * 3);
    this.lastPose = new Float32Array(head.expressionCount + head.jointCount * 3 + 3).fill(NaN);
    this.adopt(info);
    this.rig.pose(this.expression, this.joints, [0, 0, 0]);
  }

  /** Whether a manifest entry describes this avatar (its states may differ). */
  matches(info) {
    return info.head_blob.sha256 === this.info.head_blob.sha256 && info.splats_blob.sha256 === this.info.splats_blob.sha256;
  }

  /** Takes over the slots of a manifest entry; the deltas of states that are gone are dropped. */
  adopt(info) {
    this.info = info;
    const weights = info.layout.fields.find((field) => field.name === "weights")?.count ?? 0;
    const count = Math.max(weights, ...info.states.map((state) => state.slot + 1));
    const slots = Array.from({ length: count }, () => /** @type {string|null} */ (null));
    for (const state of info.states) slots[state.slot] = state.name;
    const renamed = [];
    for (let k = 0; k < Math.max(count, this.slots.length); k++) {
      if (slots[k] === this.slots[k]) continue;
      if (this.slots[k]) this.splats.setDelta(this.slots[k], null);
      const state = info.states.find((entry) => entry.slot === k);
      if (this.deltas[k] && state?.blob.sha256 === this.hashes[k]) renamed.push(k);
      else this.#empty(k);
    }
    for (const k of renamed) this.splats.setDelta(slots[k], this.deltas[k]);
    this.slots = slots;
    this.deltas.length = this.expressionOffsets.length = this.hashes.length = count;
    this.names = slots.map((name) => name ?? "");
    if (this.weights.length !== count) this.weights = new Float64Array(count);
  }

  #empty(slot) {
    this.deltas[slot] = this.expressionOffsets[slot] = this.hashes[slot] = null;
  }

  /**
   * @param {any} state entry of the manifest
   * @param {Uint8Array} bytes its delta blob
   */
  putState(state, bytes) {
    const delta = decodeDelta(bytes);
    if (delta.count !== this.splats.count || delta.coefficients !== this.splats.coefficients ||
        delta.expression.length !== this.head.expressionCount) {
      throw new Error(`The emotion ${state.name} belongs to another avatar.`);
    }
    this.deltas[state.slot] = delta;
    this.expressionOffsets[state.slot] = delta.expression;
    this.hashes[state.slot] = state.blob.sha256;
    this.splats.setDelta(state.name, delta);
    this.lastPose.fill(NaN);
  }

  /**
   * Keeps a state as it is now, or that there is none of this name yet, to be shown beside what it becomes.
   * @param {string} name
   */
  rememberEarlier(name) {
    const slot = this.slots.indexOf(name);
    this.earlier = slot < 0 ? { name, hash: null, delta: null } : { name, hash: this.hashes[slot], delta: this.deltas[slot] };
    this.splats.setDelta(EARLIER, this.earlier.delta);
  }

  forgetEarlier() {
    this.earlier = null;
    this.splats.setDelta(EARLIER, null);
  }

  /** Fetches one state unless its bytes came along or are here already; says whether it is new. */
  async loadState(state, blobs, bytes = null) {
    if (this.hashes[state.slot] === state.blob.sha256) return false;
    const data = bytes ?? (await blobs.get(state.blob));
    // a newer version may have overtaken this one
    const wanted = this.info.states.find((entry) => entry.slot === state.slot);
    if (wanted?.blob.sha256 !== state.blob.sha256) return false;
    this.putState(state, data);
    return true;
  }

  /**
   * Poses rig and colours.
   * @param {{expression: ArrayLike<number>, joints: ArrayLike<number>, translation: ArrayLike<number>}} motion
   * @param {ArrayLike<number>} weights by slot; a state that is not here yet counts as 0
   * @param {boolean} [earlier] with the state that `rememberEarlier` kept as it was then
   * @returns {boolean} whether anything changed
   */
  pose(motion, weights, earlier = false) {
    const { deltas, offsets, names } = (earlier && this.#statesBefore())
      || { deltas: this.deltas, offsets: this.expressionOffsets, names: this.names };
    for (let k = 0; k < this.weights.length; k++) this.weights[k] = deltas[k] ? weights[k] ?? 0 : 0;
    this.weights.set(normalizeWeights(this.weights));
    blendExpression(motion.expression, this.weights, offsets, this.range, this.expression);
    this.joints.set(motion.joints);
    for (let k = 0; k < this.weights.length; k++) {
      const delta = deltas[k], w = this.weights[k];
      if (delta && w > 0) for (let i = 0; i < 3; i++) this.joints[JAW * 3 + i] += w * delta.jaw[i];
    }
    const recoloured = this.splats.blend(names, this.weights);
    const moved = this.#remember(motion.translation);
    if (moved) this.rig.pose(this.expression, this.joints, motion.translation);
    return moved || recoloured;
  }

  /** The states with one of them as it was. */
  #statesBefore() {
    const slot = this.earlier ? this.slots.indexOf(this.earlier.name) : -1;
    if (slot < 0) return null;
    const deltas = [...this.deltas], offsets = [...this.expressionOffsets], names = [...this.names];
    deltas[slot] = this.earlier.delta;
    offsets[slot] = this.earlier.delta?.expression ?? null;
    names[slot] = EARLIER;
    return { deltas, offsets, names };
  }

  /** Whether the pose differs from the last one. */
  #remember(translation) {
    const last = this.lastPose;
    let at = 0, moved = false;
    for (const part of [this.expression, this.joints, translation]) {
      for (let i = 0; i < part.length; i++, at++) {
        const value = Math.fround(part[i]);
        if (last[at] !== value) {
          last[at] = value;
          moved = true;
        }
      }
    }
    return moved;
  }

  /** What the camera should look at: the head as it stands now, hair included. */
  framing() {
    const { vertices, frames } = this.rig;
    const { count, means, scales } = this.splats;
    const points = [];
    for (let i = 0; i < count; i++) {
      if (scales[i * 4 + 3] < 0.3) continue;
      const f = means[i * 4 + 3] * 12, k = frames[f + 3];
      const [x, y, z] = [means[i * 4] * k, means[i * 4 + 1] * k, means[i * 4 + 2] * k];
      const a = frames.subarray(f + 4, f + 7), n = frames.subarray(f + 8, f + 11);
      const c = [a[1] * n[2] - a[2] * n[1], a[2] * n[0] - a[0] * n[2], a[0] * n[1] - a[1] * n[0]];
      for (let axis = 0; axis < 3; axis++) points.push(frames[f + axis] + a[axis] * x + n[axis] * y + c[axis] * z);
    }
    const neck = this.rig.joints.length > 3 ? this.rig.joints[NECK * 3 + 1] : -Infinity;
    return Framing.ofHead(points.length ? points : vertices, neck);
  }
}
