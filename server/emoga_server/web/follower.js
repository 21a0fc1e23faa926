/**
 * Follows what the server says of its avatars: loads the one that is streamed, takes over states as they come,
 * change, are made by an edit, or go.
 */
import { loadAvatar } from "./avatar.js";
import { hasEnded } from "./jobs.js";

export class Follower {
  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.session = "";
    this.loading = 0;
    /** @type {string|null} */
    this.loadingKey = null;
    /** Edits whose earlier version has been kept for the wipe. @type {Set<number>} */
    this.begun = new Set();
    /** States whose edit came to nothing and that the server has still to put back. @type {Set<string>} */
    this.abandoned = new Set();
    const on = (source, type, handler) => source.addEventListener(type, (event) => handler(event.detail));
    const { connection, editing } = viewer;
    on(connection, "welcome", (welcome) => this.#welcome(welcome));
    on(connection, "manifest", (manifest) => {
      viewer.manifest = manifest;
      viewer.emit("manifest", manifest);
      this.sync();
    });
    on(connection, "status", (status) => {
      if (status.avatar !== viewer.status?.avatar) viewer.frames.clear();
      viewer.status = status;
      viewer.emit("status", status);
      this.sync();
    });
    on(connection, "stateput", (change) => this.#stateChanged(change));
    on(connection, "job", (job) => {
      this.#editBegins(job);
      viewer.emit("job", job);
    });
    on(editing, "finished", (job) => this.#editFinished(job));
  }

  #welcome(welcome) {
    const { viewer } = this;
    viewer.frames.clear();
    viewer.frames.setRate(welcome.fps);
    if (this.session !== welcome.session) { // slots and jobs were numbered anew
      viewer.manifest = viewer.status = null;
      this.begun.clear();
    }
    this.session = welcome.session;
  }

  /** Loads the streamed avatar when it is not the one on the page. */
  async sync() {
    const { viewer } = this, { info } = viewer;
    if (!info) return;
    if (viewer.avatar?.matches(info)) {
      this.loading++; // whatever else was on its way is no longer wanted
      this.loadingKey = null;
      this.#adopt(info);
      return;
    }
    const key = info.splats_blob.sha256 + info.head_blob.sha256;
    if (this.loadingKey === key) return;
    this.loadingKey = key;
    const ticket = ++this.loading;
    try {
      const avatar = await loadAvatar(info, viewer.blobs, (share, text) => viewer.emit("progress", { share, text }));
      if (ticket !== this.loading) return;
      viewer.setAvatar(avatar);
      this.#adopt(viewer.info ?? info); // states may have come while it was loading
    } catch (error) {
      viewer.emit("failure", { title: "The avatar could not be loaded", text: error.message, retry: () => this.sync() });
    } finally {
      if (this.loadingKey === key) this.loadingKey = null;
    }
  }

  /** Follows a manifest entry of the avatar on the page: new slots and states. */
  async #adopt(info) {
    const { viewer } = this, { avatar } = viewer;
    avatar.adopt(info);
    viewer.needsDraw = true;
    viewer.emit("avatar", avatar);
    const loaded = await Promise.all(info.states.map((state) => this.#load(avatar, state, null)));
    if (loaded.some(Boolean)) viewer.emit("avatar", avatar);
  }

  /** @returns {Promise<boolean>} whether the state is new on this page */
  async #load(avatar, state, bytes) {
    const { viewer } = this;
    try {
      return await avatar.loadState(state, viewer.blobs, bytes);
    } catch (error) {
      // previews replace each other quickly: the one that was asked for may be gone, and the next is on its way
      if (!viewer.editing.isBusy(state.name, avatar.info.slot)) viewer.emit("notice", error.message);
      return false;
    }
  }

  async #stateChanged(change) {
    const { viewer } = this;
    const info = viewer.manifest?.avatars.find((entry) => entry.slot === change.avatar);
    if (!info) return;
    const at = info.states.findIndex((state) => state.slot === change.state.slot);
    if (at >= 0) info.states[at] = change.state;
    else info.states.push(change.state);
    const { avatar } = viewer;
    if (avatar?.info.slot !== change.avatar) return;
    if (this.#isAnotherVersion(change)) this.#keepEarlier(change.state.name);
    this.abandoned.delete(change.state.name);
    avatar.adopt(info);
    await this.#load(avatar, change.state, change.blob);
    viewer.needsDraw = true;
    viewer.emit("avatar", avatar);
  }

  /** Whether a state changes without an edit: somebody has put another version in use. */
  #isAnotherVersion({ avatar, state, provisional }) {
    const known = this.viewer.avatar.hashes[state.slot];
    return !provisional && known && known !== state.blob.sha256 && !this.abandoned.has(state.name)
      && !this.viewer.editing.isBusy(state.name, avatar);
  }

  /** Keeps the face as it was before an edit changes it. */
  #editBegins(job) {
    if (job.kind !== "edit" || job.stage === "queued" || hasEnded(job) || this.begun.has(job.job)) return;
    this.begun.add(job.job);
    if (this.viewer.avatar?.info.slot === job.avatar) this.#keepEarlier(job.state);
  }

  #keepEarlier(name) {
    this.viewer.avatar.rememberEarlier(name);
    this.viewer.setWipe({ before: "edit" });
  }

  #editFinished(job) {
    const { viewer } = this, { avatar } = viewer;
    if (avatar?.info.slot !== job.avatar) return;
    if (job.stage === "done") {
      // the server moves the weights that everybody sees; those of this page are its own business
      if (job.mine && viewer.mixing === "local") viewer.setWeights({ [job.state]: 1 }, { exclusive: true });
      viewer.emit("made", job.state);
    } else if (avatar.earlier?.name === job.state) {
      const slot = avatar.slots.indexOf(job.state);
      if (slot >= 0 && avatar.hashes[slot] !== avatar.earlier.hash) this.abandoned.add(job.state);
      avatar.forgetEarlier();
      viewer.setWipe({ before: "neutral" });
    }
  }
}
