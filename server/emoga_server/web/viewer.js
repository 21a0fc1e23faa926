/**
 * The avatar on the page: what the server streams, posed, mixed and drawn. Holds the state that panels show and
 * the actions that they offer; builds no panels itself.
 *
 * Events: `connection`, `manifest`, `status`, `avatar`, `progress` ({share, text}), `weights`, `job`, `notice`
 * (text), `failure` ({title, text, retry}), `stats`, `wipe`, `made` (name of a state that an edit has finished).
 */
import { BlobStore } from "./blobs.js";
import { Connection } from "./connection.js";
import { Editing } from "./editing.js";
import { Follower } from "./follower.js";
import { FrameBuffer } from "./frames.js";
import { LocalMixer } from "./mixer.js";
import { cameraFrom, Orbit } from "./orbit.js";
import { Pace } from "./pace.js";
import { Quality } from "./quality.js";
import { Renderer } from "./renderer.js";
import { Wipe } from "./wipe.js";

/** Milliseconds between two commands of a control that is dragged: far below what a server takes. */
const COMMAND_EVERY = 70;
/** A control dragged continuously follows the hand; a jump takes the chosen transition. */
const DRAG = { duration: 0.12, easing: "ease_out" };

export class Viewer extends EventTarget {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{url: string, token: string|null, pixelRatio?: number|null}} options
   */
  constructor(canvas, { url, token, pixelRatio = null }) {
    super();
    this.canvas = canvas;
    this.renderer = new Renderer(canvas);
    this.orbit = new Orbit(canvas);
    this.quality = new Quality(pixelRatio);
    this.frames = new FrameBuffer();
    this.mixer = new LocalMixer();
    this.connection = new Connection(url, token);
    this.blobs = new BlobStore(token, this.connection);
    this.editing = new Editing(this.connection);
    this.wipe = new Wipe();
    /** What is on the face now. @type {{motion: import("./frames.js").Pose, weights: ArrayLike<number>}|null} */
    this.shown = null;
    /** @type {any} */
    this.manifest = null;
    /** @type {any} */
    this.status = null;
    /** @type {import("./avatar.js").LoadedAvatar|null} */
    this.avatar = null;
    /** @type {"shared"|"local"} */
    this.mixing = "shared";
    /** How the next weight change moves. */
    this.transition = { duration: 0.4, easing: "smoothstep" };
    this.weightCommands = new Pace(COMMAND_EVERY, (wish) => this.#command("set_weights", wish),
      (waiting, wish) => (wish.exclusive ? wish
        : { ...wish, weights: { ...waiting.weights, ...wish.weights }, exclusive: waiting.exclusive }));
    this.seekCommands = new Pace(COMMAND_EVERY, (position) => this.#command("seek", { position }));
    /** Weights on the face now, by slot. */
    this.weights = new Float64Array(0);
    /** Milliseconds from opening the page to the first picture of the avatar. */
    this.firstPicture = 0;
    this.timing = { pose: 0, sort: 0 };
    this.counters = { drawn: 0, since: performance.now(), bytes: 0 };
    /** CSS pixels of the canvas that controls cover. */
    this.covered = { top: 0, bottom: 0 };
    this.needsDraw = true;
    this.lastTick = 0;
    this.lastDraw = 0;
    /** Called right after a picture is in the drawing buffer. @type {(() => void)[]} */
    this.afterDraw = [];
    this.#listen();
  }

  /** Connects and draws until the page goes away. */
  start() {
    this.connection.open();
    requestAnimationFrame((time) => this.#tick(time));
  }

  // ---- actions -------------------------------------------------------------------------------------------

  /**
   * Moves emotion weights: for everybody in shared mode, only here in local mode. May be called for every pointer
   * event: commands are paced and merged.
   * @param {Record<string, number>} weights
   * @param {{duration?: number, easing?: string, exclusive?: boolean}} [how]
   */
  setWeights(weights, { duration = this.transition.duration, easing = this.transition.easing, exclusive = false } = {}) {
    if (this.mixing === "local") {
      const all = exclusive ? { ...Object.fromEntries(this.states.map((state) => [state.name, 0])), ...weights } : weights;
      this.mixer.set(all, { duration, easing, now: performance.now() / 1000 });
      return Promise.resolve();
    }
    return this.weightCommands.push({ weights, duration, easing, exclusive });
  }

  /**
   * Moves emotion weights with a hand that is dragging.
   * @param {Record<string, number>} weights
   * @param {{exclusive?: boolean}} [how]
   */
  dragWeights(weights, { exclusive = false } = {}) {
    return this.setWeights(weights, { ...DRAG, duration: Math.min(DRAG.duration, this.transition.duration), exclusive });
  }

  /** @param {"shared"|"local"} mode */
  setMixing(mode) {
    if (mode === this.mixing) return;
    this.mixing = mode;
    if (mode === "local") {
      // start from what the face shows
      const now = performance.now() / 1000;
      const weights = Object.fromEntries(this.states.map((state) => [state.name, this.weights[state.slot] ?? 0]));
      this.mixer.set(weights, { duration: 0, easing: "linear", now });
    }
    this.emit("mixing", mode);
  }

  play() { return this.#command("play"); }
  pause() { return this.#command("pause"); }
  togglePlay() { return this.status?.playing ? this.pause() : this.play(); }
  /** @param {boolean} loop */
  setLoop(loop) { return this.#command("set_loop", { loop }); }
  /** @param {number} position seconds; may be called for every pointer event */
  seek(position) { return this.seekCommands.push(position); }
  /** @param {string|null} motion */
  chooseMotion(motion) { return this.#command("choose_motion", { motion }); }
  /** @param {string} avatar name */
  selectAvatar(avatar) { return this.#command("select_avatar", { avatar }); }
  /** @param {boolean} enabled */
  setIdle(enabled) { return this.#command("set_idle", { enabled }); }

  // editing: they resolve when the server has answered, and reject with its reason (CommandError)

  /**
   * Makes or changes a state by words, for everybody. How it goes stands in `editing.jobs`.
   * @param {{prompt: string, state?: string|null, editor?: string|null, negative?: string, intensity?: number,
   *   seed?: number, views?: number|null, frames?: number|null}} request
   * @returns {Promise<{job: number, state: string, reading: string, position: number}>}
   */
  edit(request) { return this.editing.edit({ avatar: this.info?.name ?? null, ...request }); }
  /** @param {number} job */
  cancel(job) { return this.connection.cancel(job); }
  /** How the server reads a prompt, without doing anything. @param {string} prompt */
  readPrompt(prompt) { return this.connection.readPrompt(prompt); }
  listEditors() { return this.connection.listEditors(); }
  /** Versions of a state of the streamed avatar, the newest first. @param {string} state */
  history(state) { return this.connection.history(state, this.info?.name ?? null); }
  /** @param {string} state @param {number} version */
  revert(state, version) { return this.connection.revert(state, version, this.info?.name ?? null); }
  /** @param {string} state @param {string} name */
  renameState(state, name) { return this.connection.renameState(state, name, this.info?.name ?? null); }
  /** @param {string} state */
  deleteState(state) { return this.connection.deleteState(state, this.info?.name ?? null); }

  /**
   * Shows two versions of the face side by side.
   * @param {{on?: boolean, position?: number, before?: import("./wipe.js").Before}} change
   */
  setWipe({ on = this.wipe.on, position = this.wipe.position, before = this.wipe.before }) {
    this.wipe.on = on;
    this.wipe.before = before;
    this.wipe.move(position);
    this.needsDraw = true;
    this.emit("wipe", this.wipe);
  }

  /** @param {"splats"|"mesh"|"points"} mode */
  setDisplay(mode) {
    this.renderer.mode = mode;
    this.needsDraw = true;
    this.emit("display", mode);
  }

  /** @param {"dark"|"light"} theme */
  setTheme(theme) {
    this.renderer.theme = theme;
    this.needsDraw = true;
  }

  /** @returns {Promise<Blob>} PNG of the next picture */
  screenshot() {
    this.needsDraw = true;
    return new Promise((resolve, reject) => this.afterDraw.push(() => {
      this.canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be encoded."))), "image/png");
    }));
  }

  /**
   * One exact picture off screen: the pose as given (or as shown), without backdrop, at the camera given.
   * @param {{worldToCamera: number[], fx: number, fy: number, cx: number, cy: number, width: number, height: number,
   *   background?: [number, number, number], pose?: {expression: number[], joints: number[], translation: number[],
   *   weights: number[]}}} request
   * @returns {Uint8ClampedArray} RGBA, rows from the top
   */
  still(request) {
    if (!this.avatar) throw new Error("No avatar is loaded yet.");
    const { worldToCamera, fx, fy, cx, cy, width, height, background = [1, 1, 1], pose } = request;
    if (pose) this.avatar.pose(pose, pose.weights);
    const camera = cameraFrom(worldToCamera, fx, fy, cx, cy, width, height);
    const pixels = this.renderer.still(camera, background);
    this.needsDraw = true;
    return pixels;
  }

  // ---- what panels read ----------------------------------------------------------------------------------

  /** The streamed avatar's entry in the manifest. */
  get info() {
    return this.manifest?.avatars.find((avatar) => avatar.slot === this.status?.avatar) ?? null;
  }

  /** Emotion states of the avatar on the page. @returns {any[]} */
  get states() {
    return this.avatar?.info.states ?? [];
  }

  /** Seconds into the motion now. */
  get position() {
    const status = this.status, motion = this.motion;
    if (!status || !motion) return 0;
    const ahead = status.playing ? (this.connection.clock.now() - status.time / 1e6) * status.speed : 0;
    const position = status.position + Math.max(0, ahead);
    const length = Math.max(motion.duration, 1e-3);
    return status.loop ? ((position % length) + length) % length : Math.min(length, Math.max(0, position));
  }

  /** The motion that plays. */
  get motion() {
    return this.info?.motions.find((motion) => motion.name === this.status?.motion) ?? null;
  }

  // ---- server --------------------------------------------------------------------------------------------

  #listen() {
    const on = (type, handler) => this.connection.addEventListener(type, (event) => handler(event.detail));
    on("state", (state) => this.emit("connection", state));
    on("problem", (problem) => this.emit("notice", problem.message));
    on("frame", (frame) => {
      if (frame.avatar === this.status?.avatar) this.frames.push(frame, this.connection.clock.now());
    });
    this.follower = new Follower(this);
    this.orbit.onMove = () => { this.needsDraw = true; };
    this.renderer.onContextChange = (lost) => {
      this.needsDraw = true;
      this.emit("graphics", { lost });
    };
  }

  #command(name, parameters) {
    return this.connection.command(name, parameters).catch((error) => this.emit("notice", error.message));
  }

  /** Puts another avatar on the page. @param {import("./avatar.js").LoadedAvatar} avatar */
  setAvatar(avatar) {
    this.avatar = avatar;
    this.shown = null;
    this.frames.clear();
    this.renderer.setAvatar(avatar.rig, avatar.splats);
    this.orbit.frame(avatar.framing());
  }

  /** Tells listeners. @param {string} type @param {any} detail */
  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // ---- drawing -------------------------------------------------------------------------------------------

  #tick(time) {
    requestAnimationFrame((next) => this.#tick(next));
    const seconds = Math.min(0.25, (time - this.lastTick) / 1000);
    this.lastTick = time;
    if (this.orbit.step(seconds)) this.needsDraw = true;
    const height = Math.max(1, this.canvas.clientHeight);
    this.orbit.covered.top = this.covered.top / height;
    this.orbit.covered.bottom = this.covered.bottom / height;
    const ratio = this.quality.current(window.devicePixelRatio || 1);
    if (this.renderer.resize(this.canvas.clientWidth, this.canvas.clientHeight, ratio)) this.needsDraw = true;
    this.#animate();
    if (this.needsDraw) this.#draw(time);
    this.#report();
  }

  /** Poses the avatar for this instant. */
  #animate() {
    // while another avatar is on its way, the one on the page keeps its pose: the frames are not its own
    if (!this.avatar || this.avatar.info.slot !== this.status?.avatar) return;
    const pose = this.frames.sample(this.connection.clock.now());
    if (!pose) return;
    const start = performance.now();
    const weights = this.mixing === "local" ? this.mixer.weights(this.avatar.slots, start / 1000) : pose.weights;
    this.shown = { motion: pose, weights };
    if (this.avatar.pose(pose, weights)) this.needsDraw = true;
    this.timing.pose = performance.now() - start;
    this.weights = this.avatar.weights;
  }

  #draw(time) {
    this.needsDraw = false;
    const { canvas } = this;
    const camera = this.orbit.view(canvas.width, canvas.height);
    if (this.wipe.on && this.avatar && this.shown) this.#drawBoth(camera);
    else this.renderer.draw(camera);
    this.timing.sort = this.renderer.sortTime;
    if (this.avatar && !this.firstPicture) this.firstPicture = performance.now();
    for (const action of this.afterDraw.splice(0)) action();
    if (this.lastDraw && this.quality.drawn((time - this.lastDraw) / 1000)) this.needsDraw = true;
    this.lastDraw = time;
    this.counters.drawn++;
    this.emit("drawn", null);
  }

  /** The face as it was, left of the wipe's line, and as it is, right of it. */
  #drawBoth(camera) {
    const { avatar, renderer, wipe } = this, { motion, weights } = this.shown;
    const { before, now } = wipe.columns(camera.width);
    if (wipe.before === "edit" && avatar.earlier) avatar.pose(motion, weights, true);
    else avatar.pose(motion, new Float64Array(avatar.weights.length));
    renderer.draw(camera, before);
    avatar.pose(motion, weights);
    renderer.draw(camera, now);
  }

  #report() {
    const now = performance.now(), { counters, connection } = this;
    const seconds = (now - counters.since) / 1000;
    if (seconds < 1) return;
    const stats = {
      framesPerSecond: counters.drawn / seconds,
      latency: connection.state === "live" && Number.isFinite(this.frames.playhead)
        ? Math.max(0, connection.clock.now() - this.frames.playhead) : null,
      roundTrip: connection.clock.roundTrip,
      bitsPerSecond: ((connection.bytesReceived - counters.bytes) * 8) / seconds,
      splats: this.avatar?.splats.count ?? 0,
      pixelRatio: this.renderer.pixelRatio,
    };
    this.counters = { drawn: 0, since: now, bytes: connection.bytesReceived };
    this.emit("stats", stats);
  }
}
