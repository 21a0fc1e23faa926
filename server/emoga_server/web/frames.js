/**
 * Smooth motion out of frames that arrive unevenly.
 *
 * Frames are played on the server's clock, a little late: the delay starts at 1.5 frames and follows how
 * unevenly frames arrive (a high percentile of their lateness), so a calm network plays with little lag and
 * a bad one does not stutter. Joints are interpolated on the sphere, everything else linearly.
 * In `newest` mode the last frame is shown as it is: the lowest latency.
 *
 * @typedef {object} Pose
 * @property {Float32Array} translation (3)
 * @property {Float32Array} joints      (J,3) axis-angle
 * @property {Float32Array} expression  (E)
 * @property {Float32Array} weights     (K)
 *
 * @typedef {object} Frame a pose and its time
 * @property {number} time   server clock, seconds
 * @property {number} seq
 * @property {boolean} cut   the pose jumped: do not interpolate towards it
 * @property {number} stateRevision
 * @property {Float32Array} translation
 * @property {Float32Array} joints
 * @property {Float32Array} expression
 * @property {Float32Array} weights
 */

const CAPACITY = 32;
const LATENESS_SAMPLES = 64;
/** A page that is busy drawing gets its frames late too; more delay would not help it. */
const MAX_DELAY = 0.3;

/**
 * Spherical interpolation of rotations given as axis-angle.
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 * @param {number} t 0..1
 * @param {Float32Array} out
 * @param {number} at index of the first of three numbers, in all arrays
 */
export function slerpAxisAngle(a, b, t, out, at) {
  const p = quaternion(a, at, scratchA), q = quaternion(b, at, scratchB);
  let dot = p[0] * q[0] + p[1] * q[1] + p[2] * q[2] + p[3] * q[3];
  const sign = dot < 0 ? -1 : 1;
  dot = Math.min(1, Math.abs(dot));
  const angle = Math.acos(dot), sin = Math.sin(angle);
  const u = sin > 1e-5 ? Math.sin((1 - t) * angle) / sin : 1 - t;
  const v = sign * (sin > 1e-5 ? Math.sin(t * angle) / sin : t);
  let w = u * p[0] + v * q[0], x = u * p[1] + v * q[1], y = u * p[2] + v * q[2], z = u * p[3] + v * q[3];
  if (w < 0) { w = -w; x = -x; y = -y; z = -z; }
  const length = Math.sqrt(x * x + y * y + z * z);
  const scale = length > 1e-9 ? (2 * Math.atan2(length, w)) / length : 2;
  out[at] = x * scale;
  out[at + 1] = y * scale;
  out[at + 2] = z * scale;
}

const scratchA = new Float64Array(4), scratchB = new Float64Array(4);

function quaternion(source, at, out) {
  const x = source[at], y = source[at + 1], z = source[at + 2];
  const angle = Math.sqrt(x * x + y * y + z * z), s = angle > 1e-9 ? Math.sin(angle / 2) / angle : 0.5;
  out[0] = Math.cos(angle / 2);
  out[1] = x * s;
  out[2] = y * s;
  out[3] = z * s;
  return out;
}

/** @returns {Pose} */
export function createPose(numJoints, numExpressions, numWeights) {
  return {
    translation: new Float32Array(3),
    joints: new Float32Array(numJoints * 3),
    expression: new Float32Array(numExpressions),
    weights: new Float32Array(numWeights),
  };
}

export class FrameBuffer {
  /** @param {{fps?: number, delayFrames?: number, mode?: "smooth"|"newest"}} [options] */
  constructor({ fps = 30, delayFrames = 1.5, mode = "smooth" } = {}) {
    this.mode = mode;
    this.minimumDelay = delayFrames / fps;
    /** Seconds between a frame's time and when it is shown. */
    this.delay = this.minimumDelay;
    /** @type {Frame[]} by time */
    this.frames = [];
    this.lateness = new Float64Array(LATENESS_SAMPLES);
    this.samples = 0;
    this.playhead = -Infinity;
    /** @type {Pose|null} */
    this.pose = null;
  }

  /** @param {number} fps of the stream */
  setRate(fps) {
    this.minimumDelay = 1.5 / fps;
    this.delay = Math.max(this.delay, this.minimumDelay);
  }

  clear() {
    this.frames.length = 0;
    this.samples = 0;
    this.playhead = -Infinity;
  }

  /**
   * @param {Frame} frame
   * @param {number} now server clock as estimated here, seconds
   */
  push(frame, now) {
    const last = this.frames[this.frames.length - 1];
    if (last && frame.seq <= last.seq) return;
    if (last && frame.time < last.time) this.clear(); // the server restarted its clock
    this.frames.push(frame);
    if (this.frames.length > CAPACITY) this.frames.shift();
    this.lateness[this.samples++ % LATENESS_SAMPLES] = Math.max(0, now - frame.time);
    if (this.samples % 8 === 0) this.#adapt();
  }

  /** The delay follows the 95th percentile of lateness plus one period of slack, slowly. */
  #adapt() {
    const n = Math.min(this.samples, LATENESS_SAMPLES);
    const sorted = this.lateness.slice(0, n).sort();
    const late = sorted[Math.min(n - 1, Math.floor(n * 0.95))];
    const wanted = Math.min(MAX_DELAY, Math.max(this.minimumDelay, late + this.minimumDelay * 0.67));
    this.delay += (wanted - this.delay) * (wanted > this.delay ? 0.5 : 0.1);
  }

  /**
   * The pose to show now. Returns the same object each time; null before the first frame.
   * @param {number} now server clock, seconds
   * @returns {Pose|null}
   */
  sample(now) {
    const frames = this.frames;
    if (!frames.length) return null;
    // time never runs backwards when the delay grows
    this.playhead = Math.max(this.playhead, now - this.delay);
    const newest = frames[frames.length - 1];
    if (this.mode === "newest" || frames.length === 1 || this.playhead >= newest.time) return this.#copy(newest);
    let k = frames.length - 2;
    while (k > 0 && frames[k].time > this.playhead) k--;
    const a = frames[k], b = frames[k + 1];
    if (k > 0) frames.splice(0, k);
    if (b.cut || b.time <= a.time) return this.#copy(this.playhead >= b.time ? b : a);
    return this.#mix(a, b, Math.min(1, Math.max(0, (this.playhead - a.time) / (b.time - a.time))));
  }

  #fit(frame) {
    if (!this.pose || this.pose.weights.length !== frame.weights.length ||
        this.pose.expression.length !== frame.expression.length || this.pose.joints.length !== frame.joints.length) {
      this.pose = createPose(frame.joints.length / 3, frame.expression.length, frame.weights.length);
    }
    return this.pose;
  }

  #copy(frame) {
    const pose = this.#fit(frame);
    for (const name of ["translation", "joints", "expression", "weights"]) pose[name].set(frame[name]);
    return pose;
  }

  #mix(a, b, t) {
    if (a.weights.length !== b.weights.length || a.expression.length !== b.expression.length) return this.#copy(b);
    const pose = this.#fit(b);
    for (let i = 0; i < pose.joints.length; i += 3) slerpAxisAngle(a.joints, b.joints, t, pose.joints, i);
    mix(a.translation, b.translation, t, pose.translation);
    mix(a.expression, b.expression, t, pose.expression);
    mix(a.weights, b.weights, t, pose.weights);
    return pose;
  }
}

function mix(a, b, t, out) {
  for (let i = 0; i < out.length; i++) out[i] = a[i] + (b[i] - a[i]) * t;
}
