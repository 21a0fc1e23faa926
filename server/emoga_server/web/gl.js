/** Small helpers around WebGL2: programs with their uniform locations, textures, and a clear error. */

/** Something about this browser's graphics that the person can act on. */
export class GraphicsError extends Error {}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {string} vertexSource
 * @param {string} fragmentSource
 * @returns {{program: WebGLProgram, uniforms: Record<string, WebGLUniformLocation>}}
 */
export function createProgram(gl, vertexSource, fragmentSource) {
  const program = gl.createProgram();
  const shaders = [
    compile(gl, gl.VERTEX_SHADER, vertexSource),
    compile(gl, gl.FRAGMENT_SHADER, fragmentSource),
  ];
  for (const shader of shaders) gl.attachShader(program, shader);
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const log = [program, ...shaders]
      .map((x) => (x === program ? gl.getProgramInfoLog(program) : gl.getShaderInfoLog(x)))
      .filter(Boolean)
      .join("\n");
    throw new GraphicsError(`The graphics driver refused a shader: ${log}`);
  }
  for (const shader of shaders) gl.deleteShader(shader);
  /** @type {Record<string, WebGLUniformLocation>} */
  const uniforms = {};
  const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) ?? 0;
  for (let i = 0; i < count; i++) {
    const name = gl.getActiveUniform(program, i).name;
    uniforms[name] = gl.getUniformLocation(program, name);
  }
  return { program, uniforms };
}

function compile(gl, type, source) {
  const shader = gl.createShader(type);
  gl.shaderSource(shader, source.trim());
  gl.compileShader(shader);
  return shader;
}

/** Texture formats in use: internal format, format, type. */
export const FORMATS = {
  rgba32f: (gl) => [gl.RGBA32F, gl.RGBA, gl.FLOAT],
  r32ui: (gl) => [gl.R32UI, gl.RED_INTEGER, gl.UNSIGNED_INT],
  rgba32ui: (gl) => [gl.RGBA32UI, gl.RGBA_INTEGER, gl.UNSIGNED_INT],
  rgba8: (gl) => [gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE],
};

/** A texture read texel by texel. */
export class DataTexture {
  /**
   * @param {WebGL2RenderingContext} gl
   * @param {keyof typeof FORMATS} format
   * @param {number} width
   * @param {number} height
   * @param {ArrayBufferView|null} [data]
   */
  constructor(gl, format, width, height, data = null) {
    this.gl = gl;
    this.width = width;
    this.height = height;
    [this.internal, this.format, this.type] = FORMATS[format](gl);
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, this.internal, width, height);
    for (const parameter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, parameter, gl.NEAREST);
    }
    if (data) this.upload(data);
  }

  /** @param {ArrayBufferView} data whole texture */
  upload(data) {
    const gl = this.gl;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, this.width, this.height, this.format, this.type, data);
  }

  /**
   * @param {number} unit
   * @param {WebGLUniformLocation} uniform
   */
  bind(unit, uniform) {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.uniform1i(uniform, unit);
  }

  delete() {
    this.gl.deleteTexture(this.texture);
  }
}
