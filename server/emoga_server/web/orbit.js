/**
 * The camera and how hands move it: mouse, touch, keyboard; damped, limited, reset by a double click.
 *
 * @typedef {object} Camera
 * @property {Float32Array} worldToCamera 16 numbers, row-major, OpenCV axes (x right, y down, z forward)
 * @property {number} fx
 * @property {number} fy
 * @property {number} cx
 * @property {number} cy
 * @property {number} width  pixels
 * @property {number} height
 * @property {Float32Array} eye camera centre in avatar space
 */

/** @returns {Camera} */
export function createCamera() {
  return { worldToCamera: new Float32Array(16), fx: 1, fy: 1, cx: 0, cy: 0, width: 1, height: 1, eye: new Float32Array(3) };
}

/**
 * A camera from plain numbers, as in a test or a capture.
 * @param {ArrayLike<number>} worldToCamera 16 numbers, row-major
 * @param {number} fx
 * @param {number} fy
 * @param {number} cx
 * @param {number} cy
 * @param {number} width
 * @param {number} height
 * @returns {Camera}
 */
export function cameraFrom(worldToCamera, fx, fy, cx, cy, width, height) {
  const m = Float32Array.from(worldToCamera);
  const eye = new Float32Array(3);
  for (let i = 0; i < 3; i++) eye[i] = -(m[i] * m[3] + m[4 + i] * m[7] + m[8 + i] * m[11]);
  return { worldToCamera: m, fx, fy, cx, cy, width, height, eye };
}

const FIELD_OF_VIEW = (24 * Math.PI) / 180;
const MAX_PITCH = 1.35;
const KEY_STEP = 0.12;

/** The part of the avatar to look at. */
export class Framing {
  /**
   * @param {number[]} target  centre, metres
   * @param {number} height    what should fill the picture's height, metres
   * @param {number} width     and its width
   */
  constructor(target, height, width) {
    this.target = target;
    this.height = height;
    this.width = width;
  }

  /**
   * The head and a little of the neck: from just below the neck joint to the top.
   * @param {ArrayLike<number>} points (P,3) of the whole avatar, hair included
   * @param {number} neckHeight y of the neck joint
   */
  static ofHead(points, neckHeight) {
    let top = -Infinity, bottom = Infinity;
    for (let i = 1; i < points.length; i += 3) {
      if (points[i] > top) top = points[i];
      if (points[i] < bottom) bottom = points[i];
    }
    const low = Math.max(bottom, neckHeight - 0.2 * (top - neckHeight));
    const min = [Infinity, Infinity], max = [-Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 3) {
      if (points[i + 1] < neckHeight + 0.25 * (top - neckHeight)) continue;
      for (const [k, axis] of [[0, 0], [1, 2]]) {
        min[k] = Math.min(min[k], points[i + axis]);
        max[k] = Math.max(max[k], points[i + axis]);
      }
    }
    const center = [(min[0] + max[0]) / 2, (top + low) / 2, (min[1] + max[1]) / 2];
    return new Framing(center, top - low, max[0] - min[0]);
  }
}

export class Orbit {
  /** @param {HTMLElement} element receives the gestures */
  constructor(element) {
    this.element = element;
    this.framing = new Framing([0, 0, 0], 0.3, 0.2);
    this.reducedMotion = false;
    /** Where the camera is going, and where it is: yaw, pitch, log distance factor, pan x, y, z. */
    this.goal = new Float64Array(6);
    this.now = new Float64Array(6);
    this.camera = createCamera();
    /** Part of the height that controls cover above and below; the head is centred in what is free. */
    this.covered = { top: 0, bottom: 0 };
    this.aspect = 1;
    /** @type {Map<number, {x: number, y: number}>} */
    this.pointers = new Map();
    /** @type {() => void} */
    this.onMove = () => {};
    this.#listen();
  }

  /** @param {Framing} framing */
  frame(framing) {
    this.framing = framing;
    this.reset(true);
  }

  /** @param {boolean} [atOnce] */
  reset(atOnce = false) {
    this.goal.fill(0);
    if (atOnce) this.now.fill(0);
    this.onMove();
  }

  #listen() {
    const element = this.element;
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    element.addEventListener("pointermove", (event) => this.#drag(event));
    element.addEventListener("dblclick", () => this.reset());
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 32 : 1;
      this.zoom(event.deltaY * unit * (event.ctrlKey ? 0.008 : 0.0012));
    }, { passive: false });
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  #drag(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const dx = event.clientX - last.x, dy = event.clientY - last.y;
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const before = Math.hypot(last.x - other.x, last.y - other.y);
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      this.zoom(Math.log(Math.max(before, 1) / Math.max(after, 1)));
      this.pan(dx / 2, dy / 2);
    } else if (this.pointers.size === 1) {
      if (event.buttons & 6 || event.shiftKey) this.pan(dx, dy);
      else this.turn(-dx * 0.0075, dy * 0.0075);
    }
    last.x = event.clientX;
    last.y = event.clientY;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pixels = 24;
    const actions = event.shiftKey
      ? { ArrowLeft: [() => this.pan(pixels, 0)], ArrowRight: [() => this.pan(-pixels, 0)],
          ArrowUp: [() => this.pan(0, pixels)], ArrowDown: [() => this.pan(0, -pixels)] }
      : { ArrowLeft: [() => this.turn(-KEY_STEP, 0)], ArrowRight: [() => this.turn(KEY_STEP, 0)],
          ArrowUp: [() => this.turn(0, KEY_STEP)], ArrowDown: [() => this.turn(0, -KEY_STEP)] };
    const action = actions[event.key] ?? {
      "+": [() => this.zoom(-0.12)], "=": [() => this.zoom(-0.12)], "-": [() => this.zoom(0.12)],
      Home: [() => this.reset()] }[event.key];
    if (!action) return;
    action[0]();
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {number} yaw radians
   * @param {number} pitch
   */
  turn(yaw, pitch) {
    this.goal[0] += yaw;
    this.goal[1] = clamp(this.goal[1] + pitch, -MAX_PITCH, MAX_PITCH);
    this.onMove();
  }

  /** @param {number} amount natural logarithm of the change of distance */
  zoom(amount) {
    this.goal[2] = clamp(this.goal[2] + amount, Math.log(0.22), Math.log(4));
    this.onMove();
  }

  /**
   * @param {number} dx CSS pixels
   * @param {number} dy
   */
  pan(dx, dy) {
    const scale = (2 * this.#distance(this.now[2]) * Math.tan(FIELD_OF_VIEW / 2)) / Math.max(1, this.element.clientHeight);
    const cos = Math.cos(this.now[0]), sin = Math.sin(this.now[0]), limit = this.framing.height;
    this.goal[3] = clamp(this.goal[3] - dx * scale * cos, -limit, limit);
    this.goal[4] = clamp(this.goal[4] + dy * scale, -limit, limit);
    this.goal[5] = clamp(this.goal[5] + dx * scale * sin, -limit, limit);
    this.onMove();
  }

  #distance(zoom) {
    const tangent = 2 * Math.tan(FIELD_OF_VIEW / 2);
    const free = 1 - this.covered.top - this.covered.bottom;
    const byHeight = this.framing.height / (tangent * 0.94 * free), byWidth = this.framing.width / (tangent * this.aspect * 0.8);
    return Math.max(byHeight, byWidth) * Math.exp(zoom);
  }

  /**
   * Moves towards the goal.
   * @param {number} seconds since the last call
   * @returns {boolean} whether the camera still moves
   */
  step(seconds) {
    const share = this.reducedMotion ? 1 : 1 - Math.exp(-seconds * 16);
    let moving = false;
    for (let i = 0; i < 6; i++) {
      const left = this.goal[i] - this.now[i];
      if (Math.abs(left) > 1e-5) moving = true;
      this.now[i] = Math.abs(left) > 1e-5 ? this.now[i] + left * share : this.goal[i];
    }
    return moving;
  }

  /**
   * @param {number} width  drawing-buffer pixels
   * @param {number} height
   * @returns {Camera} the same object each time
   */
  view(width, height) {
    this.aspect = width / height;
    const [yaw, pitch, zoom, px, py, pz] = this.now;
    const cy = Math.cos(yaw), sy = Math.sin(yaw), cp = Math.cos(pitch), sp = Math.sin(pitch);
    const back = [sy * cp, sp, cy * cp], right = [cy, 0, -sy];
    const up = [back[1] * right[2] - back[2] * right[1], back[2] * right[0] - back[0] * right[2], back[0] * right[1] - back[1] * right[0]];
    const distance = this.#distance(zoom), { target } = this.framing, camera = this.camera;
    camera.eye[0] = target[0] + px + back[0] * distance;
    camera.eye[1] = target[1] + py + back[1] * distance;
    camera.eye[2] = target[2] + pz + back[2] * distance;
    const m = camera.worldToCamera, e = camera.eye;
    for (let k = 0; k < 3; k++) {
      m[k] = right[k];
      m[4 + k] = -up[k];
      m[8 + k] = -back[k];
    }
    for (let row = 0; row < 3; row++) m[row * 4 + 3] = -(m[row * 4] * e[0] + m[row * 4 + 1] * e[1] + m[row * 4 + 2] * e[2]);
    m[12] = m[13] = m[14] = 0;
    m[15] = 1;
    camera.width = width;
    camera.height = height;
    camera.fx = camera.fy = height / (2 * Math.tan(FIELD_OF_VIEW / 2));
    camera.cx = width / 2;
    camera.cy = (height * (1 + this.covered.top - this.covered.bottom)) / 2;
    return camera;
  }
}

function clamp(x, low, high) {
  return Math.min(high, Math.max(low, x));
}
