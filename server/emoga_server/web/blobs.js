/**
 * Fetches content-addressed blobs over HTTP, or over the WebSocket where HTTP does not get through: progress while
 * they come, the hash checked, kept by the browser where the page is secure enough for its caches and hashes
 * (https or this machine).
 *
 * @typedef {{sha256: string, size: number, kind: string}} BlobRef
 */

const CACHE = "emoga-blobs-1";

/** A blob could not be had; `retryable` says whether asking again may help. */
export class BlobError extends Error {
  /**
   * @param {string} message
   * @param {boolean} retryable
   */
  constructor(message, retryable) {
    super(message);
    this.retryable = retryable;
  }
}

export class BlobStore {
  /**
   * @param {string|null} token
   * @param {import("./connection.js").Connection} connection
   */
  constructor(token, connection) {
    this.token = token;
    this.connection = connection;
    /** @type {Map<string, Promise<Uint8Array>>} downloads under way */
    this.pending = new Map();
  }

  /**
   * @param {BlobRef} ref
   * @param {(received: number) => void} [onProgress] bytes so far
   * @returns {Promise<Uint8Array>}
   * @throws {BlobError}
   */
  get(ref, onProgress = () => {}) {
    let download = this.pending.get(ref.sha256);
    if (!download) {
      download = this.#load(ref, onProgress).finally(() => this.pending.delete(ref.sha256));
      this.pending.set(ref.sha256, download);
    }
    return download;
  }

  async #load(ref, onProgress) {
    const url = `blob/${ref.sha256}`;
    const cache = await this.#cache();
    const kept = await cache?.match(url);
    if (kept) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      if (await matches(bytes, ref)) {
        onProgress(bytes.length);
        return bytes;
      }
      await cache.delete(url);
    }
    const bytes = await this.#download(url, ref, onProgress);
    if (!(await matches(bytes, ref))) {
      throw new BlobError(`The ${ref.kind} data arrived damaged. Reload the page to fetch it again.`, true);
    }
    // storage may be full or forbidden: then it is fetched again next time
    await cache?.put(url, new Response(/** @type {any} */ (bytes))).catch(() => {});
    return bytes;
  }

  async #cache() {
    if (!globalThis.caches || !globalThis.isSecureContext) return null;
    return caches.open(CACHE).catch(() => null);
  }

  async #download(url, ref, onProgress) {
    if (!this.connection.httpBlobs) return this.#overSocket(ref, onProgress);
    try {
      return await this.#overHttp(url, ref, onProgress);
    } catch (error) {
      // a proxy may stop what the open WebSocket still gets through; if not, HTTP's reason says more
      return this.#overSocket(ref, onProgress).catch(() => { throw error; });
    }
  }

  async #overSocket(ref, onProgress) {
    try {
      return await this.connection.blob(ref, onProgress);
    } catch (error) {
      throw new BlobError(`The server did not send the ${ref.kind} data (${error.message})`, error.retryable);
    }
  }

  async #overHttp(url, ref, onProgress) {
    let response;
    try {
      response = await fetch(url, { headers: this.token ? { Authorization: `Bearer ${this.token}` } : {}, cache: "no-store" });
    } catch {
      throw new BlobError("The server stopped answering while the avatar was loading.", true);
    }
    if (!response.ok) {
      const reason = response.status === 401 || response.status === 403 ? "the token was refused" : `status ${response.status}`;
      throw new BlobError(`The server did not send the ${ref.kind} data (${reason}).`, response.status >= 500 || response.status === 404);
    }
    const bytes = new Uint8Array(ref.size);
    const reader = response.body.getReader();
    let received = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (received + value.length > ref.size) throw new BlobError(`The ${ref.kind} data is longer than announced.`, false);
        bytes.set(value, received);
        received += value.length;
        onProgress(received);
      }
    } catch (error) {
      if (error instanceof BlobError) throw error;
      throw new BlobError("The connection broke while the avatar was loading.", true);
    }
    if (received !== ref.size) throw new BlobError(`The ${ref.kind} data ended early.`, true);
    return bytes;
  }
}

/**
 * Whether the bytes are those that were asked for. Outside a secure context browsers offer no hash; the size is
 * all that can be checked then.
 */
async function matches(bytes, ref) {
  if (bytes.length !== ref.size) return false;
  if (!globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === ref.sha256;
}
