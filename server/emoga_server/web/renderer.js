/**
 * The picture: backdrop, then the avatar as splats, mesh or points. Owns the WebGL2 context and rebuilds
 * everything on the graphics card when the browser takes the context away and gives it back.
 */
import { createProgram, DataTexture, GraphicsError } from "./gl.js";
import { MeshPass } from "./mesh.js";
import { Sorter } from "./sorter.js";
import { SplatPass } from "./splat_pass.js";
import { SPLATS_PER_ROW } from "./splats.js";

const BACKDROP_VERTEX = `#version 300 es
out vec2 at;
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1)) * 4.0 - 1.0;
  at = corner;
  gl_Position = vec4(corner, 0.999, 1.0);
}`;

// Noise of one eight-bit step hides the bands of so slow a gradient.
const BACKDROP_FRAGMENT = `#version 300 es
precision highp float;
in vec2 at;
uniform vec3 inner, outer;
uniform float aspect;
out vec4 result;
void main() {
  vec2 p = (at - vec2(0.0, 0.12)) * vec2(min(aspect, 1.6), 1.0);
  float t = smoothstep(0.0, 1.65, length(p));
  float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
  result = vec4(mix(inner, outer, t) + noise / 255.0, 1.0);
}`;

/** Colours of the backdrop: behind the head and at the corners, sRGB. */
const BACKDROPS = {
  dark: [[0.225, 0.243, 0.287], [0.060, 0.067, 0.083]],
  light: [[0.972, 0.968, 0.958], [0.760, 0.772, 0.800]],
};

export class Renderer {
  /**
   * @param {HTMLCanvasElement} canvas
   * @throws {GraphicsError} when the browser has no WebGL2
   */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {"splats"|"mesh"|"points"} */
    this.mode = "splats";
    /** @type {"dark"|"light"} */
    this.theme = "dark";
    this.pixelRatio = 1;
    /** Milliseconds of JavaScript for the last sort. */
    this.sortTime = 0;
    /** @type {(lost: boolean) => void} */
    this.onContextChange = () => {};
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: true, depth: false, powerPreference: "high-performance" });
    if (!gl) {
      throw new GraphicsError(
        "This browser offers no WebGL 2. Turn on hardware acceleration in its settings, or try another browser.",
      );
    }
    this.gl = gl;
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.splatPass = this.meshPass = null;
      this.onContextChange(true);
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.#createResources();
      this.onContextChange(false);
    });
    this.#createResources();
  }

  /**
   * @param {import("./rig.js").Rig|null} rig
   * @param {import("./splats.js").Splats|null} splats
   */
  setAvatar(rig, splats) {
    this.rig = rig;
    this.splats = splats;
    this.sorter = rig && splats
      ? new Sorter(splats.means.subarray(0, splats.count * 4), rig.numTriangles, splats.rows * SPLATS_PER_ROW)
      : null;
    this.#createAvatarResources();
  }

  #createResources() {
    const gl = this.gl;
    this.backdrop = createProgram(gl, BACKDROP_VERTEX, BACKDROP_FRAGMENT);
    this.empty = gl.createVertexArray();
    this.splatPass = this.meshPass = null;
    this.#createAvatarResources();
  }

  #createAvatarResources() {
    this.splatPass?.delete();
    this.meshPass?.delete();
    this.splatPass = this.meshPass = null;
    if (!this.rig || !this.splats || this.gl.isContextLost()) return;
    const limit = this.gl.getParameter(this.gl.MAX_TEXTURE_SIZE);
    if (this.splats.rows > limit) {
      throw new GraphicsError(
        `This avatar has ${this.splats.count} splats; this graphics card holds ${limit * SPLATS_PER_ROW}.`,
      );
    }
    this.splatPass = new SplatPass(this.gl, this.splats, this.rig);
    this.meshPass = new MeshPass(this.gl, this.rig);
  }

  /**
   * Fits the drawing buffer to the canvas on the page.
   * @param {number} cssWidth
   * @param {number} cssHeight
   * @param {number} ratio drawing-buffer pixels for one CSS pixel
   * @returns {boolean} whether the size changed
   */
  resize(cssWidth, cssHeight, ratio) {
    const width = Math.max(1, Math.round(cssWidth * ratio)), height = Math.max(1, Math.round(cssHeight * ratio));
    this.pixelRatio = ratio;
    if (this.canvas.width === width && this.canvas.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    return true;
  }

  /**
   * Draws the avatar as the rig stands now.
   * @param {import("./orbit.js").Camera} camera of the canvas' size in pixels
   * @param {[number, number]|null} [columns] only these: the first and how many
   */
  draw(camera, columns = null) {
    if (this.gl.isContextLost() || columns?.[1] === 0) return;
    this.#drawTo(null, camera, null, columns);
  }

  /**
   * Draws one picture off screen, without backdrop.
   * @param {import("./orbit.js").Camera} camera
   * @param {[number, number, number]} background sRGB in [0,1]
   * @returns {Uint8ClampedArray} RGBA, rows from the top
   */
  still(camera, background) {
    const gl = this.gl, { width, height } = camera;
    const texture = new DataTexture(gl, "rgba8", width, height);
    const framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture.texture, 0);
    this.#drawTo(framebuffer, camera, background);
    const flipped = new Uint8Array(width * height * 4), pixels = new Uint8ClampedArray(flipped.length);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, flipped);
    for (let y = 0; y < height; y++) {
      const from = (height - 1 - y) * width * 4;
      pixels.set(flipped.subarray(from, from + width * 4), y * width * 4);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteFramebuffer(framebuffer);
    texture.delete();
    return pixels;
  }

  #drawTo(framebuffer, camera, background, columns = null) {
    const gl = this.gl;
    if (this.splatPass && this.mode !== "mesh") this.#prepareSplats(camera);
    if (columns) {
      gl.enable(gl.SCISSOR_TEST);
      gl.scissor(columns[0], 0, columns[1], camera.height);
    }
    const solid = this.mode !== "splats" && this.meshPass;   // needs depth, and looks better multisampled
    const target = solid ? this.meshPass.target(camera) : framebuffer;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    gl.viewport(0, 0, camera.width, camera.height);
    if (solid) gl.clear(gl.DEPTH_BUFFER_BIT);
    if (background) {
      gl.clearColor(background[0], background[1], background[2], 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
    } else this.#drawBackdrop(camera);
    if (solid) this.meshPass.draw(camera, this.mode === "points");
    if (this.splatPass && this.mode !== "mesh") this.splatPass.draw(camera, target, this.mode, this.pixelRatio);
    if (solid) this.meshPass.resolve(camera, framebuffer);
    gl.disable(gl.SCISSOR_TEST);
  }

  #prepareSplats(camera) {
    const w = camera.worldToCamera, start = performance.now();
    const order = this.sorter.sort(this.rig.frames, w[8], w[9], w[10], w[11]);
    this.sortTime = performance.now() - start;
    this.splatPass.update(order);
    this.splatPass.place(camera);
  }

  #drawBackdrop(camera) {
    const gl = this.gl, { program, uniforms } = this.backdrop;
    const [inner, outer] = BACKDROPS[this.theme];
    gl.disable(gl.BLEND);
    gl.disable(gl.DEPTH_TEST);
    gl.useProgram(program);
    gl.uniform3fv(uniforms.inner, inner);
    gl.uniform3fv(uniforms.outer, outer);
    gl.uniform1f(uniforms.aspect, camera.width / camera.height);
    gl.bindVertexArray(this.empty);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Waits until the card has finished (for measurements). */
  finish() {
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, null);
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }
}
