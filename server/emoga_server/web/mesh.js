/** Draws the posed head as a mesh: clay under a soft key light, a cool fill and a rim. */
import { createProgram } from "./gl.js";
import { vertexNormals } from "./rig.js";

const NEAR = 0.02, FAR = 20;

/**
 * GLSL for clip-space z at a depth in front of the camera (divide by the depth).
 * @param {string} depth GLSL expression, metres
 */
export function clipDepth(depth) {
  const span = FAR - NEAR;
  return `(${((FAR + NEAR) / span).toFixed(7)} * ${depth} - ${((2 * FAR * NEAR) / span).toFixed(7)})`;
}

const VERTEX = `#version 300 es
precision highp float;
uniform mat4 worldToCamera;
uniform vec4 intrinsics;
uniform vec2 size;
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
out vec3 n, p;
void main() {
  p = (worldToCamera * vec4(position, 1.0)).xyz;
  n = mat3(worldToCamera) * normal;
  vec2 pixel = intrinsics.xy * p.xy + intrinsics.zw * p.z;
  gl_Position = vec4(2.0 * pixel.x / size.x - p.z, p.z - 2.0 * pixel.y / size.y, ${clipDepth("p.z")}, p.z);
}`;

// Light directions are fixed to the camera (OpenCV axes: y down, z forward), so the face never falls into shade.
const FRAGMENT = `#version 300 es
precision highp float;
in vec3 n, p;
out vec4 result;
void main() {
  vec3 view = normalize(-p), normal = normalize(n);
  if (dot(normal, view) < 0.0) normal = -normal;
  float key = max(dot(normal, normalize(vec3(-0.5, -0.65, -0.8))), 0.0);
  float fill = 0.5 + 0.5 * dot(normal, normalize(vec3(0.7, -0.1, -0.4)));
  float sky = 0.5 - 0.5 * normal.y;
  float facing = max(dot(normal, view), 0.0);
  vec3 h = normalize(normalize(vec3(-0.5, -0.65, -0.8)) + view);
  float gloss = pow(max(dot(normal, h), 0.0), 28.0) * 0.16;
  float rim = pow(1.0 - facing, 3.0) * (0.25 + 0.35 * sky);
  vec3 clay = vec3(0.80, 0.745, 0.71);
  vec3 light = vec3(1.0, 0.96, 0.90) * key * 0.72 + vec3(0.42, 0.50, 0.66) * fill * 0.30
             + vec3(0.30, 0.31, 0.35) * (0.35 + 0.65 * sky) * 0.75;
  result = vec4(clay * light * (0.72 + 0.28 * facing) + gloss + rim * vec3(0.62, 0.70, 0.85) * 0.55, 1.0);
}`;

export class MeshPass {
  /**
   * @param {WebGL2RenderingContext} gl
   * @param {import("./rig.js").Rig} rig
   */
  constructor(gl, rig) {
    this.gl = gl;
    this.rig = rig;
    this.shader = createProgram(gl, VERTEX, FRAGMENT);
    this.normals = new Float32Array(rig.vertices.length);
    this.vao = gl.createVertexArray();
    this.buffers = [0, 1].map(() => gl.createBuffer());
    this.indices = gl.createBuffer();
    gl.bindVertexArray(this.vao);
    this.buffers.forEach((buffer, location) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, rig.vertices.byteLength, gl.DYNAMIC_DRAW);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, 3, gl.FLOAT, false, 0, 0);
    });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.indices);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rig.triangles, gl.STATIC_DRAW);
    gl.bindVertexArray(null);
    /** @type {{framebuffer: WebGLFramebuffer, color: WebGLRenderbuffer, depth: WebGLRenderbuffer}|null} */
    this.smooth = null;
    this.smoothSize = "";
  }

  /** The multisampled target of the camera's size: draw into it, then `resolve`. */
  target(camera) {
    const gl = this.gl, key = `${camera.width}x${camera.height}`;
    if (this.smooth && this.smoothSize === key) return this.smooth.framebuffer;
    this.#deleteTarget();
    const samples = Math.min(4, gl.getParameter(gl.MAX_SAMPLES));
    const framebuffer = gl.createFramebuffer(), color = gl.createRenderbuffer(), depth = gl.createRenderbuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    for (const [buffer, format, attachment] of [
      [color, gl.RGBA8, gl.COLOR_ATTACHMENT0], [depth, gl.DEPTH_COMPONENT24, gl.DEPTH_ATTACHMENT]]) {
      gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
      gl.renderbufferStorageMultisample(gl.RENDERBUFFER, samples, format, camera.width, camera.height);
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, attachment, gl.RENDERBUFFER, buffer);
    }
    this.smooth = { framebuffer, color, depth };
    this.smoothSize = key;
    return framebuffer;
  }

  /**
   * @param {import("./orbit.js").Camera} camera
   * @param {boolean} [depthOnly] only say where the surface is
   */
  draw(camera, depthOnly = false) {
    const gl = this.gl, { program, uniforms } = this.shader;
    gl.colorMask(!depthOnly, !depthOnly, !depthOnly, !depthOnly);
    vertexNormals(this.rig.vertices, this.rig.triangles, this.normals);
    [this.rig.vertices, this.normals].forEach((data, i) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[i]);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, data);
    });
    gl.enable(gl.DEPTH_TEST);
    gl.disable(gl.BLEND);
    gl.useProgram(program);
    gl.uniformMatrix4fv(uniforms.worldToCamera, true, camera.worldToCamera);
    gl.uniform4f(uniforms.intrinsics, camera.fx, camera.fy, camera.cx, camera.cy);
    gl.uniform2f(uniforms.size, camera.width, camera.height);
    gl.bindVertexArray(this.vao);
    gl.drawElements(gl.TRIANGLES, this.rig.triangles.length, gl.UNSIGNED_INT, 0);
    gl.bindVertexArray(null);
    gl.disable(gl.DEPTH_TEST);
    gl.colorMask(true, true, true, true);
  }

  /** Copies the multisampled picture to `framebuffer`. */
  resolve(camera, framebuffer) {
    const gl = this.gl, { width, height } = camera;
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.smooth.framebuffer);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, framebuffer);
    gl.blitFramebuffer(0, 0, width, height, 0, 0, width, height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  }

  #deleteTarget() {
    if (!this.smooth) return;
    const gl = this.gl;
    gl.deleteFramebuffer(this.smooth.framebuffer);
    gl.deleteRenderbuffer(this.smooth.color);
    gl.deleteRenderbuffer(this.smooth.depth);
    this.smooth = null;
  }

  delete() {
    const gl = this.gl;
    this.#deleteTarget();
    gl.deleteProgram(this.shader.program);
    for (const buffer of [...this.buffers, this.indices]) gl.deleteBuffer(buffer);
    gl.deleteVertexArray(this.vao);
  }
}
