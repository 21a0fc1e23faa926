/** Edits under way and just ended: what they do, how far they are, their pictures; cancelled or dismissed here. */
import { hasEnded } from "../jobs.js";
import { duration, stageNumbers, stageWords, stateLabel, timeLeft } from "../words.js";
import { arrange, el, iconButton, reveal } from "./dom.js";
import { Pictures } from "./pictures.js";

/** Below this width the cards stand in the panel, above it beside the face. */
const ROOM_BESIDE = "(min-width: 1120px) and (min-height: 560px)";

export class JobBoard {
  /**
   * @param {import("../viewer.js").Viewer} viewer
   * @param {{stage: HTMLElement, panel: HTMLElement}} places where the board stands with much room and with little
   */
  constructor(viewer, { stage, panel }) {
    this.viewer = viewer;
    /** @type {Map<number, JobCard>} */
    this.cards = new Map();
    /** Edits of this page that have been brought into view. @type {Set<number>} */
    this.followed = new Set();
    this.list = el("div", { class: "job-list" });
    this.said = el("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
    this.element = el("section", { class: "jobs", "aria-label": "Edits under way", hidden: true }, this.list, this.said);
    const room = matchMedia(ROOM_BESIDE);
    const place = () => (room.matches ? stage : panel).append(this.element);
    room.addEventListener("change", place);
    place();
    viewer.editing.addEventListener("jobs", () => this.refresh());
    viewer.editing.addEventListener("finished", (event) => this.#announce(/** @type {CustomEvent} */ (event).detail));
  }

  refresh() {
    const jobs = this.viewer.editing.jobs.visible();
    const cards = jobs.map((job) => this.cards.get(job.job) ?? new JobCard(this.viewer, job));
    arrange(this.list, cards.map((card) => card.element));
    this.cards = new Map(cards.map((card) => [card.id, card]));
    jobs.forEach((job, i) => {
      if (cards[i].update(job) && job.stage !== "queued") this.#announce(job);
    });
    const own = jobs.findIndex((job) => job.mine && !this.followed.has(job.job));
    if (own >= 0) {
      this.followed.add(jobs[own].job);
      this.element.hidden = false;
      reveal(cards[own].element, { top: true });
    }
    this.element.hidden = !jobs.length;
  }

  /** For screen readers: stages, not every step. */
  #announce(job) {
    this.said.textContent = `${stateLabel(job.state)}: ${stageWords(job)}${job.stage === "failed" ? `. ${job.message}` : ""}`;
  }
}

/** Stages in which pictures may still come. */
const BEFORE_ALL_PICTURES = new Set(["queued", "running", "views", "editing"]);

class JobCard {
  /**
   * @param {import("../viewer.js").Viewer} viewer
   * @param {import("../jobs.js").Job} job
   */
  constructor(viewer, job) {
    this.viewer = viewer;
    this.id = job.job;
    this.stage = "";
    this.prompt = el("p", { class: "job-prompt" });
    this.close = iconButton("close", "Cancel", () => this.#closed());
    this.words = el("span", { class: "job-stage" });
    this.time = el("span", { class: "job-time" });
    this.bar = el("span");
    this.progress = el("div", { class: "progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": "Progress of the edit" }, this.bar);
    this.numbers = el("p", { class: "job-numbers" });
    this.message = el("p", { class: "job-message" });
    this.pictures = new Pictures();
    this.compare = el("button", { type: "button", class: "small-button", text: "Before and after", hidden: true,
      on: { click: () => viewer.setWipe({ on: !viewer.wipe.on, before: "edit" }) } });
    viewer.addEventListener("wipe", () => this.#markCompare());
    this.element = el("article", { class: "job" },
      el("header", { class: "job-head" }, this.prompt, this.close),
      el("p", { class: "job-line" }, this.words, this.time), this.progress, this.numbers, this.message, this.pictures.element, this.compare);
  }

  /** Whether the face as it was before this edit is at hand. */
  #comparable() {
    const { job, viewer } = this, earlier = viewer.avatar?.earlier;
    return ["optimising", "saving", "done"].includes(job.stage) && earlier?.name === job.state && viewer.avatar?.info.slot === job.avatar;
  }

  #markCompare() {
    this.compare.setAttribute("aria-pressed", String(this.viewer.wipe.on));
  }

  /**
   * @param {import("../jobs.js").Job} job
   * @returns {boolean} whether it has come to another stage
   */
  update(job) {
    this.job = job;
    const ended = hasEnded(job), changed = job.stage !== this.stage;
    this.stage = this.element.dataset.stage = job.stage;
    this.prompt.textContent = job.prompt ? `“${job.prompt}”` : stateLabel(job.state);
    this.prompt.title = job.state ? `Makes ${stateLabel(job.state)}` : "";
    this.words.textContent = job.stage === "done" ? `${stateLabel(job.state)} is ready` : stageWords(job);
    this.time.textContent = job.stage === "done" && job.endedAt ? duration((job.endedAt - job.startedAt) / 1000) : ended ? "" : timeLeft(job.seconds_left);
    const share = job.stage === "done" ? 1 : Math.min(1, Math.max(0, job.progress));
    this.bar.style.setProperty("--progress", share.toFixed(4));
    this.progress.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    this.progress.setAttribute("aria-valuetext", `${stageWords(job)}, ${Math.round(share * 100)} percent`);
    this.progress.hidden = ended;
    this.numbers.textContent = stageNumbers(job);
    this.numbers.hidden = !this.numbers.textContent;
    const notes = job.stage === "done" && !job.message.startsWith("Done"); // wishes that could not be honoured
    this.message.textContent = job.stage === "failed" || notes ? job.message : "";
    this.message.hidden = !this.message.textContent;
    const label = ended ? "Dismiss" : `Cancel ${stateLabel(job.state)}`;
    this.close.title = label;
    this.close.setAttribute("aria-label", label);
    this.pictures.show(job.pictures, ended || !BEFORE_ALL_PICTURES.has(job.stage));
    this.compare.hidden = !this.#comparable();
    this.#markCompare();
    return changed;
  }

  async #closed() {
    if (hasEnded(this.job)) return this.viewer.editing.dismiss(this.id);
    this.close.disabled = true;
    try {
      await this.viewer.cancel(this.id);
      this.words.textContent = "Cancelling";
    } catch (error) {
      this.message.textContent = error.message;
      this.message.hidden = false;
    } finally {
      this.close.disabled = false;
    }
  }
}
