/**
 * The WebSocket to the server: greeting, commands and their answers, blobs, frames and their acknowledgements,
 * the clock, and coming back after a break. Emits events; knows nothing of pictures.
 *
 * Events (`detail` in brackets): `state` ({state, message, retryAt}), `welcome`, `manifest`, `status`,
 * `frame`, `stateput`, `job`, `jobpicture` ({job, index, count, name, before, after}), `problem` (an ERROR without command).
 */
import { ServerClock } from "./clock.js";
import {
  decodeFrame, decodeMessage, encodeAck, encodeCommand, encodeMessage, peekFrame, ProtocolError,
} from "./protocol/codec.js";
import { ErrorCode, Limits, MessageType, PROTOCOL_VERSION, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX, Capability } from "./protocol/messages.js";

const CLIENT = "emoga-web/0.1";
const FIRST_RETRY = 0.4, LAST_RETRY = 8;
const PING_EVERY = 2000, SILENCE = 9000;

/** The server said no, in words for people. */
export class CommandError extends Error {
  /**
   * @param {string} message
   * @param {boolean} retryable
   */
  constructor(message, retryable) {
    super(message);
    this.retryable = retryable;
  }
}

/**
 * The token of the page's address: `#token=...` (never sent to a server) or `?token=...`.
 * @param {Location|URL} address
 * @returns {string|null}
 */
export function tokenFrom(address) {
  for (const part of [address.hash.slice(1), address.search.slice(1)]) {
    const token = new URLSearchParams(part).get("token");
    if (token) return token;
  }
  return null;
}

export class Connection extends EventTarget {
  /**
   * @param {string} url    ws: or wss:
   * @param {string|null} token
   */
  constructor(url, token) {
    super();
    this.url = url;
    this.token = token;
    this.clock = new ServerClock();
    /** @type {WebSocket|null} */
    this.socket = null;
    /** @type {"idle"|"connecting"|"live"|"waiting"|"failed"} */
    this.state = "idle";
    this.attempt = 0;
    this.nextRequest = 1;
    /** Commands and blobs asked for and not yet answered. @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
    this.requests = new Map();
    /** Blobs on their way, by sha256. @type {Map<string, {id: number, bytes: Uint8Array, received: number, onProgress: (received: number) => void}>} */
    this.transfers = new Map();
    /** @type {Map<number, any>} frame layouts by avatar slot */
    this.layouts = new Map();
    this.bytesReceived = 0;
    this.framesReceived = 0;
    this.highest = 0;
    this.acknowledged = 0;
    this.lastMessage = 0;
    this.capabilities = 0;
  }

  /** Connects, and reconnects until `close`. */
  open() {
    clearTimeout(this.retryTimer);
    this.#setState("connecting", this.attempt ? "Reconnecting" : "Connecting");
    const protocols = [SUBPROTOCOL];
    if (this.token) protocols.push(TOKEN_SUBPROTOCOL_PREFIX + this.token);
    let socket;
    try {
      socket = new WebSocket(this.url, protocols);
    } catch (error) {
      this.#setState("failed", `The address cannot be used: ${error.message}`);
      return;
    }
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.opened = this.mayReturn = false;
    socket.onopen = () => {
      this.opened = true;
      this.lastMessage = performance.now();
      this.#send(encodeMessage(MessageType.HELLO, {
        versions: [PROTOCOL_VERSION], client: CLIENT, capabilities: Capability.HTTP_BLOBS | Capability.INLINE_STATES | Capability.JOB_PICTURES,
      }));
    };
    socket.onmessage = (event) => {
      if (socket === this.socket) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.#closed(event);
    };
  }

  /** Tries again at once instead of at the next appointed time. */
  retryNow() {
    if (this.state === "waiting" || this.state === "failed") {
      this.attempt = 0;
      this.open();
    }
  }

  /** Ends the connection for good. */
  close() {
    clearTimeout(this.retryTimer);
    clearInterval(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
    this.#abandonRequests();
    this.#setState("idle", "");
  }

  /**
   * Sends a command.
   * @param {string} name
   * @param {object} [parameters]
   * @returns {Promise<any>} the result; rejects with CommandError
   */
  command(name, parameters = {}) {
    return this.#ask((id) => encodeCommand(id, name, parameters));
  }

  /** Whether the server makes states from words. */
  get canEdit() {
    return this.state === "live" && (this.capabilities & Capability.EDIT) !== 0;
  }

  /**
   * Asks for a state made or changed by words.
   * @param {{prompt: string, state?: string|null, avatar?: string|null, editor?: string|null, negative?: string,
   *   intensity?: number, seed?: number, views?: number|null, frames?: number|null}} request
   * @returns {Promise<{job: number, state: string, reading: string, position: number}>}
   */
  edit(request) { return this.command("edit", request); }
  /** @param {number} job */
  cancel(job) { return this.command("cancel", { job }); }
  /** How the server reads a prompt. @param {string} prompt */
  readPrompt(prompt) { return this.command("read_prompt", { prompt }); }
  /** @returns {Promise<{name: string, title: string, ready: boolean, default: boolean, note: string}[]>} */
  listEditors() { return this.command("list_editors"); }
  /**
   * Versions of a state, the newest first.
   * @param {string} state
   * @param {string|null} [avatar] null: the one being streamed; so below
   * @returns {Promise<{version: number, time: number, prompt: string, editor: string, current: boolean}[]>}
   */
  history(state, avatar = null) { return this.command("list_history", { state, avatar }); }
  /** @param {string} state @param {number} version @param {string|null} [avatar] */
  revert(state, version, avatar = null) { return this.command("revert_state", { state, version, avatar }); }
  /** @param {string} state @param {string} name @param {string|null} [avatar] */
  renameState(state, name, avatar = null) { return this.command("rename_state", { state, name, avatar }); }
  /** @param {string} state @param {string|null} [avatar] */
  deleteState(state, avatar = null) { return this.command("delete_state", { state, avatar }); }

  /** Whether the server offers blobs over HTTP too. */
  get httpBlobs() {
    return (this.capabilities & Capability.HTTP_BLOBS) !== 0;
  }

  /**
   * Fetches a blob piece by piece over the WebSocket; one request for the same blob at a time.
   * @param {import("./blobs.js").BlobRef} ref
   * @param {(received: number) => void} [onProgress] bytes so far
   * @returns {Promise<Uint8Array>} its bytes, hash not checked; rejects with CommandError
   */
  blob(ref, onProgress = () => {}) {
    return this.#ask((id) => {
      this.transfers.set(ref.sha256, { id, bytes: new Uint8Array(ref.size), received: 0, onProgress });
      return encodeMessage(MessageType.BLOB_GET, { sha256: ref.sha256, id });
    }).finally(() => this.transfers.delete(ref.sha256));
  }

  /** Sends a request that will be answered under its number. @param {(id: number) => Uint8Array} encode */
  #ask(encode) {
    if (this.state !== "live") return Promise.reject(new CommandError("Not connected.", true));
    const id = this.nextRequest++;
    return new Promise((resolve, reject) => {
      this.requests.set(id, { resolve, reject });
      this.#send(encode(id));
    });
  }

  #send(bytes) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  #receive(data) {
    this.lastMessage = performance.now();
    this.bytesReceived += data.byteLength;
    let message;
    try {
      message = decodeMessage(data);
      this.#handle(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#giveUp(`The server sent something this page does not understand (${error.message}).`);
    }
  }

  #handle(message) {
    const { fields } = message;
    switch (message.type) {
      case MessageType.WELCOME: return this.#welcome(fields);
      case MessageType.MANIFEST:
        this.layouts = new Map(fields.avatars.map((avatar) => [avatar.slot, avatar.layout]));
        return this.#emit("manifest", fields);
      case MessageType.STATUS: return this.#emit("status", fields);
      case MessageType.FRAME: return this.#frame(message);
      case MessageType.BLOB_CHUNK: return this.#chunk(fields, message.buffers[0]);
      case MessageType.STATE_PUT: return this.#emit("stateput", { ...fields, blob: message.buffers[0] ?? null });
      case MessageType.STATE_COMMIT: return this.#emit("stateput", { ...fields, blob: null, committed: true });
      case MessageType.JOB_PROGRESS: return this.#emit("job", fields);
      case MessageType.JOB_PICTURE:
        return this.#emit("jobpicture", { ...fields, before: message.buffers[0], after: message.buffers[1] });
      case MessageType.RESULT: return this.#answer(fields.id, (request) => request.resolve(fields.value));
      case MessageType.ERROR: return this.#error(fields);
      case MessageType.PING:
        return this.#send(encodeMessage(MessageType.PONG, { time: fields.time, peer_time: microseconds(ServerClock.local()) }));
      case MessageType.PONG:
        return this.clock.add(fields.time / 1e6, fields.peer_time / 1e6, ServerClock.local());
      case MessageType.BYE:
        if (fields.code && fields.code !== ErrorCode.RESYNC) this.farewell = fields.message;
    }
  }

  #welcome(fields) {
    this.attempt = 0;
    this.farewell = null;
    this.highest = this.acknowledged = 0;
    this.capabilities = fields.capabilities;
    this.clock.reset(fields.time / 1e6);
    clearInterval(this.timer);
    let beats = 0;
    this.#ping();
    this.timer = setInterval(() => {
      this.#acknowledge();
      if (performance.now() - this.lastMessage > SILENCE) this.socket?.close(4000, "silence");
      // a few quick ones at first, to find the clock's offset soon
      else if (++beats % (PING_EVERY / Limits.ACK_EVERY_MS) === 0 || (beats < 20 && beats % 4 === 0)) this.#ping();
    }, Limits.ACK_EVERY_MS);
    this.#setState("live", "Live");
    this.#emit("welcome", fields);
  }

  #ping() {
    this.#send(encodeMessage(MessageType.PING, { time: microseconds(ServerClock.local()) }));
  }

  #frame(message) {
    this.framesReceived++;
    this.highest = Math.max(this.highest, message.seq);
    const { avatar, layoutRevision } = peekFrame(message.buffers[0]);
    const layout = this.layouts.get(avatar);
    if (layout && layout.revision === layoutRevision) {
      const frame = decodeFrame(message, layout);
      frame.time /= 1e6;
      this.#emit("frame", frame);
    }
    if (this.highest - this.acknowledged >= Limits.ACK_EVERY_FRAMES) this.#acknowledge();
  }

  #acknowledge() {
    if (this.highest <= this.acknowledged) return;
    this.acknowledged = this.highest;
    this.#send(encodeAck(this.highest));
  }

  #error(fields) {
    if (fields.id !== null) {
      return this.#answer(fields.id, (request) => request.reject(new CommandError(fields.message, fields.retryable)));
    }
    if (fields.code === ErrorCode.UNAUTHORIZED || fields.code === ErrorCode.UNSUPPORTED_VERSION) return this.#giveUp(fields.message);
    this.mayReturn = fields.retryable;
    this.#emit("problem", fields);
  }

  #answer(id, settle) {
    const request = this.requests.get(id);
    this.requests.delete(id);
    if (request) settle(request);
  }

  #chunk(fields, piece) {
    const transfer = this.transfers.get(fields.sha256);
    if (!transfer) return;
    const { id, bytes, received } = transfer;
    if (fields.size !== bytes.length || fields.offset !== received || piece.length > bytes.length - received) {
      return this.#answer(id, (request) => request.reject(new CommandError("The pieces of a blob do not fit together.", true)));
    }
    bytes.set(piece, received);
    transfer.received += piece.length;
    transfer.onProgress(transfer.received);
    if (transfer.received === bytes.length) this.#answer(id, (request) => request.resolve(bytes));
  }

  #giveUp(message) {
    const socket = this.socket;
    this.socket = null;
    clearInterval(this.timer);
    socket?.close(1000);
    this.#abandonRequests();
    this.#setState("failed", message);
  }

  #abandonRequests() {
    for (const { reject } of this.requests.values()) reject(new CommandError("The connection was lost.", true));
    this.requests.clear();
  }

  #closed(event) {
    clearInterval(this.timer);
    this.socket = null;
    this.#abandonRequests();
    if (!this.opened) this.#explainRefusal();
    if (event.code === 1008 && !this.mayReturn) return this.#setState("failed", event.reason || this.farewell || "The server refused this page. Is the token right?");
    const seconds = Math.min(LAST_RETRY, FIRST_RETRY * 1.7 ** this.attempt++) * (0.85 + 0.3 * Math.random());
    this.retryTimer = setTimeout(() => this.open(), seconds * 1000);
    this.#setState("waiting", this.farewell || "The server does not answer", performance.now() + seconds * 1000);
  }

  /** A browser hides why a WebSocket was refused; plain HTTP tells whether it was the token. */
  async #explainRefusal() {
    try {
      const health = await (await fetch("healthz", { cache: "no-store" })).json();
      if (!health.token_required) return;
      if (this.token) {
        const check = await fetch("metrics", { method: "HEAD", cache: "no-store", headers: { Authorization: `Bearer ${this.token}` } });
        if (check.status !== 401) return;
      }
      clearTimeout(this.retryTimer);
      this.#giveUp(this.token
        ? "The server does not accept this token. Open the address that the server printed when it started."
        : "This server asks for a token. Open the address that it printed when it started; it ends in #token=…");
    } catch {
      // no HTTP either: the server is away, and the next try says more
    }
  }

  #setState(state, message, retryAt = 0) {
    this.state = state;
    this.#emit("state", { state, message, retryAt });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function microseconds(seconds) {
  return Math.round(seconds * 1e6);
}
