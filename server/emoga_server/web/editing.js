/**
 * What this page knows of the server's editing: which editors there are, whose edits run, their pictures.
 *
 * Events: `availability`, `editors`, `jobs` (any change of `jobs`), `finished` (a job, once: done, failed or
 * cancelled).
 */
import { hasEnded, JobList } from "./jobs.js";

export class Editing extends EventTarget {
  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    super();
    this.connection = connection;
    this.jobs = new JobList((address) => URL.revokeObjectURL(address));
    /** @type {{name: string, title: string, ready: boolean, default: boolean, note: string}[]} */
    this.editors = [];
    const on = (type, handler) => connection.addEventListener(type, (event) => handler(/** @type {CustomEvent} */ (event).detail));
    on("welcome", (welcome) => this.#welcome(welcome));
    on("state", () => this.#emit("availability", this.available));
    on("job", (fields) => this.#progress(fields));
    on("jobpicture", (picture) => this.#picture(picture));
  }

  get available() {
    return this.connection.canEdit;
  }

  /** The editor that is used when none is named. */
  get defaultEditor() {
    return this.editors.find((editor) => editor.default) ?? this.editors[0] ?? null;
  }

  /**
   * Asks for a state made or changed by words; its job is then among `jobs`.
   * @param {Parameters<import("./connection.js").Connection["edit"]>[0]} request
   */
  async edit(request) {
    const started = await this.connection.edit(request);
    this.jobs.claim(started.job, { state: started.state, prompt: request.prompt, position: started.position }, performance.now());
    this.#emit("jobs", null);
    return started;
  }

  /** Takes an ended job off the list. @param {number} job */
  dismiss(job) {
    this.jobs.forget((entry) => entry.job === job);
    this.#emit("jobs", null);
  }

  /** Whether a state has an edit that waits or runs. @param {string} state @param {number} avatar slot */
  isBusy(state, avatar) {
    return this.jobs.visible().some((job) => !hasEnded(job) && job.state === state && (job.avatar === null || job.avatar === avatar));
  }

  async #welcome({ session }) {
    this.jobs.forget((job) => !hasEnded(job) || session !== this.session); // the server tells of those under way again
    this.session = session;
    this.#emit("jobs", null);
    if (!this.available) return;
    try {
      this.editors = await this.connection.listEditors();
      this.#emit("editors", this.editors);
    } catch {
      // the connection broke; the next welcome asks again
    }
  }

  #progress(fields) {
    if (fields.kind !== "edit") return;
    const known = this.jobs.jobs.get(fields.job), ended = Boolean(known && hasEnded(known));
    const job = this.jobs.update(fields, performance.now());
    this.#emit("jobs", job);
    if (!ended && hasEnded(job)) this.#emit("finished", job);
  }

  #picture({ job, index, count, name, before, after }) {
    const address = (bytes) => URL.createObjectURL(new Blob([bytes]));
    this.jobs.addPicture(job, { index, count, name, before: address(before), after: address(after) }, performance.now());
    this.#emit("jobs", null);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
