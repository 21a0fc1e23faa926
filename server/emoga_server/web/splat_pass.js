/**
 * Draws splats, or their centres, in two steps.
 *
 * 1. `project`: one fragment per splat, in drawing order, moves it from its triangle to the camera, projects
 *    its covariance (EWA splatting, Zwicker et al. 2001; 3D Gaussian splatting, Kerbl et al. 2023) and
 *    evaluates its colour. The result is two texels of plain bits, so no float render target is needed.
 * 2. `draw`: a quad for each splat around the ellipse where its opacity falls to 1/255. Indexed quads, because
 *    instances of four vertices are several times slower on some drivers and in software.
 *
 * The meaning is that of the Python rasteriser: 0.3 px^2 added to the projected covariance, tangent clamp at
 * the picture plus 15 % of its size, alpha below 1/255 skipped and never above 0.999, colour = max(SH + 0.5, 0).
 */
import { createProgram, DataTexture } from "./gl.js";
import { clipDepth } from "./mesh.js";
import { TRIANGLES_PER_ROW } from "./rig.js";
import { SPLATS_PER_ROW } from "./splats.js";

const FULLSCREEN = `#version 300 es
void main() {
  gl_Position = vec4(vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1)) * 4.0 - 1.0, 0.0, 1.0);
}`;

const PROJECT = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;

uniform usampler2D order;
uniform sampler2D means, quaternions, scales, colors, triangles;
uniform mat4 worldToCamera;   // OpenCV: x right, y down, z forward
uniform vec4 intrinsics;      // fx, fy, cx, cy in pixels
uniform vec2 size;            // pixels
uniform vec3 eye;             // camera centre in avatar space
uniform int count;
layout(location = 0) out uvec4 shape;   // ndc x, y and the ellipse's long half-axis in pixels
layout(location = 1) out uvec4 paint;   // short half-axis, depth, half4 colour and opacity

mat3 rotation(vec4 q) {
  vec3 d = q.xyz * 2.0;
  float xx = q.x * d.x, yy = q.y * d.y, zz = q.z * d.z, xy = q.x * d.y, xz = q.x * d.z, yz = q.y * d.z;
  float wx = q.w * d.x, wy = q.w * d.y, wz = q.w * d.z;
  return mat3(1.0 - yy - zz, xy + wz, xz - wy,  xy - wz, 1.0 - xx - zz, yz + wx,  xz + wy, yz - wx, 1.0 - xx - yy);
}

void main() {
  shape = uvec4(0u);
  paint = uvec4(0u);            // depth zero: nothing is drawn
  ivec2 slot = ivec2(gl_FragCoord.xy);
  if (slot.y * ${SPLATS_PER_ROW} + slot.x >= count) return;
  int i = int(texelFetch(order, slot, 0).r);
  ivec2 at = ivec2(i % ${SPLATS_PER_ROW}, i / ${SPLATS_PER_ROW});
  vec4 mean = texelFetch(means, at, 0), scale = texelFetch(scales, at, 0);
  float opacity = scale.w;
  if (opacity < 1.0 / 255.0) return;

  int t = int(mean.w);
  ivec2 row = ivec2((t % ${TRIANGLES_PER_ROW}) * 3, t / ${TRIANGLES_PER_ROW});
  vec4 centre = texelFetch(triangles, row, 0);
  vec3 a0 = texelFetch(triangles, row + ivec2(1, 0), 0).xyz, a1 = texelFetch(triangles, row + ivec2(2, 0), 0).xyz;
  mat3 frame = mat3(a0, a1, cross(a0, a1));
  vec3 world = centre.xyz + frame * mean.xyz * centre.w;
  vec3 p = (worldToCamera * vec4(world, 1.0)).xyz;
  if (p.z < 0.01) return;

  // columns of m: the splat's axes in camera space, as long as its standard deviations
  mat3 m = mat3(worldToCamera) * frame * rotation(texelFetch(quaternions, at, 0));
  vec3 sigma = scale.xyz * centre.w;
  m[0] *= sigma.x; m[1] *= sigma.y; m[2] *= sigma.z;
  float iz = 1.0 / p.z;
  vec2 f = intrinsics.xy, c = intrinsics.zw, slack = 0.15 * size / f;
  vec2 tangent = clamp(p.xy * iz, -c / f - slack, (size - c) / f + slack);
  vec3 u = vec3(f.x * iz, 0.0, -f.x * iz * tangent.x) * m;
  vec3 v = vec3(0.0, f.y * iz, -f.y * iz * tangent.y) * m;
  float A = dot(u, u) + 0.3, B = dot(u, v), C = dot(v, v) + 0.3;
  float middle = 0.5 * (A + C), spread = length(vec2(0.5 * (A - C), B));
  float major = middle + spread, minor = max(middle - spread, 0.3);
  vec2 axis = abs(B) < 1e-6 * major ? (A >= C ? vec2(1.0, 0.0) : vec2(0.0, 1.0)) : normalize(vec2(B, major - A));

  vec2 pixel = f * p.xy * iz + c;
  vec2 reach = sqrt(2.0 * log(255.0 * opacity) * vec2(A, C));
  if (any(lessThan(pixel + reach, vec2(0.0))) || any(greaterThan(pixel - reach, size))) return;
  vec3 direction = normalize(world - eye);
  vec4 basis = vec4(0.28209479177387814, 0.4886025119029199 * vec3(-direction.y, direction.z, -direction.x));
  ivec2 color = ivec2(at.x * 3, at.y);
  vec3 rgb = max(vec3(dot(texelFetch(colors, color, 0), basis),
                      dot(texelFetch(colors, color + ivec2(1, 0), 0), basis),
                      dot(texelFetch(colors, color + ivec2(2, 0), 0), basis)) + 0.5, 0.0);
  vec2 ndc = vec2(2.0 * pixel.x / size.x - 1.0, 1.0 - 2.0 * pixel.y / size.y);
  shape = floatBitsToUint(vec4(ndc, axis * sqrt(major)));
  paint = uvec4(floatBitsToUint(vec2(sqrt(minor), p.z)), packHalf2x16(rgb.rg), packHalf2x16(vec2(rgb.b, opacity)));
}`;

const SLOT = `
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D shapes, paints;
uniform vec2 size;
ivec2 slotAt(int n) { return ivec2(n % ${SPLATS_PER_ROW}, n / ${SPLATS_PER_ROW}); }
`;

const QUAD = `#version 300 es
${SLOT}
out vec2 offset;               // in standard deviations along the ellipse's axes
flat out vec4 color;
flat out float cut2;           // square of the distance where alpha falls to 1/255
void main() {
  ivec2 slot = slotAt(gl_VertexID >> 2);
  uvec4 paint = texelFetch(paints, slot, 0);
  vec2 corner = vec2(float(gl_VertexID & 1), float((gl_VertexID >> 1) & 1)) * 2.0 - 1.0;
  if (paint.y == 0u) { gl_Position = vec4(0.0, 0.0, 2.0, 1.0); return; }
  color = vec4(unpackHalf2x16(paint.z), unpackHalf2x16(paint.w));
  vec4 shape = uintBitsToFloat(texelFetch(shapes, slot, 0));
  vec2 axis = shape.zw;
  cut2 = max(2.0 * log(255.0 * color.a), 0.0);   // opacity * exp(-cut2 / 2) = 1/255
  offset = corner * sqrt(cut2);
  vec2 pixels = axis * offset.x + vec2(axis.y, -axis.x) * (uintBitsToFloat(paint.x) / length(axis)) * offset.y;
  gl_Position = vec4(shape.xy + vec2(2.0, -2.0) * pixels / size, 0.0, 1.0);
}`;

const ELLIPSE = `#version 300 es
precision highp float;
in vec2 offset;
flat in vec4 color;
flat in float cut2;
out vec4 result;
void main() {
  float distance2 = dot(offset, offset);
  if (distance2 > cut2) discard;    // alpha below 1/255
  float alpha = min(0.999, color.a * exp(-0.5 * distance2));
  result = vec4(color.rgb * alpha, alpha);
}`;

// Centres a little behind the surface still show; what is inside the head or behind it does not.
const POINT = `#version 300 es
${SLOT}
uniform float diameter, reference;   // pixels of a point at a depth of so many metres
flat out vec4 color;
void main() {
  ivec2 slot = slotAt(gl_VertexID);
  uvec4 paint = texelFetch(paints, slot, 0);
  vec4 shape = uintBitsToFloat(texelFetch(shapes, slot, 0));
  float depth = uintBitsToFloat(paint.y), closer = max(depth - 0.004, 0.01);
  color = vec4(unpackHalf2x16(paint.z), unpackHalf2x16(paint.w));
  bool hidden = paint.y == 0u || color.a < 0.15;
  gl_PointSize = hidden ? 1.0 : max(1.0, diameter * reference / depth);
  gl_Position = hidden ? vec4(0.0, 0.0, 2.0, 1.0) : vec4(shape.xy, ${clipDepth("closer")} / closer, 1.0);
}`;

const DISC = `#version 300 es
precision highp float;
flat in vec4 color;
out vec4 result;
void main() {
  float r = length(gl_PointCoord - 0.5) * 2.0;
  float alpha = 1.0 - smoothstep(0.7, 1.0, r);
  if (alpha <= 0.0) discard;
  result = vec4(color.rgb * alpha * (1.0 - 0.25 * r), alpha);
}`;

/** Quads of two triangles over four vertices each. */
function quadIndices(count) {
  const indices = new Uint32Array(count * 6);
  for (let i = 0, o = 0, v = 0; i < count; i++, o += 6, v += 4) {
    indices[o] = v; indices[o + 1] = v + 1; indices[o + 2] = v + 2;
    indices[o + 3] = v + 2; indices[o + 4] = v + 1; indices[o + 5] = v + 3;
  }
  return indices;
}

export class SplatPass {
  /**
   * @param {WebGL2RenderingContext} gl
   * @param {import("./splats.js").Splats} splats
   * @param {import("./rig.js").Rig} rig
   */
  constructor(gl, splats, rig) {
    this.gl = gl;
    this.splats = splats;
    this.rig = rig;
    this.project = createProgram(gl, FULLSCREEN, PROJECT);
    this.quads = createProgram(gl, QUAD, ELLIPSE);
    this.points = createProgram(gl, POINT, DISC);
    const width = SPLATS_PER_ROW, rows = splats.rows;
    this.means = new DataTexture(gl, "rgba32f", width, rows, splats.means);
    this.quaternions = new DataTexture(gl, "rgba32f", width, rows, splats.quaternions);
    this.scales = new DataTexture(gl, "rgba32f", width, rows, splats.scales);
    this.colors = new DataTexture(gl, "rgba32f", width * 3, rows, splats.colors);
    this.colorsVersion = splats.version;
    this.triangles = new DataTexture(gl, "rgba32f", TRIANGLES_PER_ROW * 3, rig.frameRows);
    this.order = new DataTexture(gl, "r32ui", width, rows);
    this.shapes = new DataTexture(gl, "rgba32ui", width, rows);
    this.paints = new DataTexture(gl, "rgba32ui", width, rows);
    this.#createTarget();
    this.vao = gl.createVertexArray();
    gl.bindVertexArray(this.vao);
    this.indices = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.indices);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, quadIndices(splats.count), gl.STATIC_DRAW);
    gl.bindVertexArray(null);
    this.empty = gl.createVertexArray();
  }

  #createTarget() {
    const gl = this.gl;
    this.target = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.shapes.texture, 0);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT1, gl.TEXTURE_2D, this.paints.texture, 0);
    gl.drawBuffers([gl.COLOR_ATTACHMENT0, gl.COLOR_ATTACHMENT1]);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  /** Uploads what a new frame changed. */
  update(order) {
    if (this.colorsVersion !== this.splats.version) {
      this.colors.upload(this.splats.colors);
      this.colorsVersion = this.splats.version;
    }
    this.triangles.upload(this.rig.frames);
    this.order.upload(order);
  }

  /**
   * Draws what was projected last.
   * @param {import("./orbit.js").Camera} camera
   * @param {WebGLFramebuffer|null} framebuffer where to draw (already cleared)
   * @param {"splats"|"points"} mode
   * @param {number} pixelRatio
   */
  draw(camera, framebuffer, mode, pixelRatio) {
    const gl = this.gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.viewport(0, 0, camera.width, camera.height);
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const { program, uniforms } = mode === "points" ? this.points : this.quads;
    gl.useProgram(program);
    this.shapes.bind(0, uniforms.shapes);
    this.paints.bind(1, uniforms.paints);
    gl.bindVertexArray(this.vao);
    if (mode === "points") {
      gl.enable(gl.DEPTH_TEST);
      gl.uniform1f(uniforms.diameter, Math.max(1.6, 3.6 * pixelRatio));
      gl.uniform1f(uniforms.reference, this.#distance(camera));
      gl.drawArrays(gl.POINTS, 0, this.splats.count);
      gl.disable(gl.DEPTH_TEST);
    } else {
      gl.uniform2f(uniforms.size, camera.width, camera.height);
      gl.drawElements(gl.TRIANGLES, this.splats.count * 6, gl.UNSIGNED_INT, 0);
    }
    gl.bindVertexArray(null);
  }

  /** Metres from the camera to the middle of the head, roughly. */
  #distance(camera) {
    const m = camera.worldToCamera, v = this.rig.vertices;
    let depth = 0, count = 0;
    for (let i = 0; i < v.length; i += 300, count++) depth += m[8] * v[i] + m[9] * v[i + 1] + m[10] * v[i + 2] + m[11];
    return Math.max(0.05, depth / Math.max(1, count));
  }

  /** Projects the splats to a camera: before `draw`, and with no scissor set. @param {import("./orbit.js").Camera} camera */
  place(camera) {
    const gl = this.gl;
    const { program, uniforms } = this.project;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.viewport(0, 0, SPLATS_PER_ROW, this.splats.rows);
    gl.disable(gl.BLEND);
    gl.disable(gl.DEPTH_TEST);
    gl.useProgram(program);
    this.order.bind(0, uniforms.order);
    this.means.bind(1, uniforms.means);
    this.quaternions.bind(2, uniforms.quaternions);
    this.scales.bind(3, uniforms.scales);
    this.colors.bind(4, uniforms.colors);
    this.triangles.bind(5, uniforms.triangles);
    gl.uniformMatrix4fv(uniforms.worldToCamera, true, camera.worldToCamera);
    gl.uniform4f(uniforms.intrinsics, camera.fx, camera.fy, camera.cx, camera.cy);
    gl.uniform2f(uniforms.size, camera.width, camera.height);
    gl.uniform3fv(uniforms.eye, camera.eye);
    gl.uniform1i(uniforms.count, this.splats.count);
    gl.bindVertexArray(this.empty);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  delete() {
    const gl = this.gl;
    for (const p of [this.project, this.quads, this.points]) gl.deleteProgram(p.program);
    for (const t of [this.means, this.quaternions, this.scales, this.colors, this.triangles, this.order,
      this.shapes, this.paints]) t.delete();
    gl.deleteFramebuffer(this.target);
    gl.deleteBuffer(this.indices);
    gl.deleteVertexArray(this.vao);
    gl.deleteVertexArray(this.empty);
  }
}
