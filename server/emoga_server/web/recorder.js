/** Pictures and videos of the canvas, as downloads. */

const VIDEO_TYPES = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** File name such as `emoga-anna-20250131-142500.png`. */
export function fileName(avatar, extension, now = new Date()) {
  const two = (value) => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const safe = avatar.replace(/[^\p{L}\p{N}_-]+/gu, "-") || "avatar";
  return `emoga-${safe}-${day}-${time}.${extension}`;
}

/** One video of a canvas. */
export class Recorder {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {MediaRecorder|null} */
    this.media = null;
    this.started = 0;
  }

  static get supported() {
    return typeof MediaRecorder !== "undefined" && "captureStream" in HTMLCanvasElement.prototype;
  }

  get recording() {
    return this.media !== null;
  }

  /** Seconds so far. */
  get seconds() {
    return this.media ? (performance.now() - this.started) / 1000 : 0;
  }

  /** @throws {Error} when the browser cannot record */
  start() {
    const mimeType = VIDEO_TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const stream = this.canvas.captureStream(30);
    const media = new MediaRecorder(stream, { ...(mimeType ? { mimeType } : {}), videoBitsPerSecond: 8_000_000 });
    /** @type {Blob[]} */
    const parts = [];
    media.ondataavailable = (event) => parts.push(event.data);
    this.finished = new Promise((resolve) => {
      media.onstop = () => {
        for (const track of stream.getTracks()) track.stop();
        resolve(new Blob(parts, { type: media.mimeType }));
      };
    });
    media.start(500);
    this.media = media;
    this.started = performance.now();
  }

  /** @returns {Promise<{blob: Blob, extension: string}>} */
  async stop() {
    const media = this.media;
    this.media = null;
    media?.stop();
    const blob = await this.finished;
    return { blob, extension: blob.type.includes("mp4") ? "mp4" : "webm" };
  }
}
