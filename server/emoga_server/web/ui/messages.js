/** Everything the page says: loading, a broken connection, errors, short notices. */
import { el } from "./dom.js";

export class Messages {
  /**
   * @param {import("../viewer.js").Viewer} viewer
   * @param {{banner: HTMLElement, overlay: HTMLElement, connection: HTMLElement, stage: HTMLElement}} places
   */
  constructor(viewer, { banner, overlay, connection, stage }) {
    this.viewer = viewer;
    this.overlay = overlay;
    this.connection = connection;
    this.stage = stage;
    this.bannerText = el("span");
    this.retry = el("button", { type: "button", class: "solid-button", text: "Retry now", on: { click: () => viewer.connection.retryNow() } });
    this.banner = el("div", { class: "banner", role: "status", "aria-live": "polite", hidden: true },
      el("span", { class: "banner-dot" }), this.bannerText, this.retry);
    banner.replaceWith(this.banner);
    this.connectionText = el("span", { class: "connection-text" });
    connection.append(this.connectionText);
    this.bar = el("span");
    this.title = el("h2");
    this.text = el("p");
    this.action = el("button", { type: "button", class: "solid-button", text: "Try again" });
    this.progress = el("div", { class: "progress", role: "progressbar", "aria-label": "Loading" }, this.bar);
    this.card = el("div", { class: "overlay-card", role: "status" }, this.title, this.progress, this.text, this.action);
    overlay.className = "overlay";
    overlay.append(this.card);
    this.#listen();
    this.#show("Connecting", "", { progress: 0 });
  }

  #listen() {
    const on = (type, handler) => this.viewer.addEventListener(type, (event) => handler(/** @type {CustomEvent} */ (event).detail));
    on("connection", (state) => this.#connection(state));
    on("manifest", (manifest) => {
      if (!manifest.avatars.length) this.#show("No avatar here yet", "The server runs, but it serves no avatar.", {});
    });
    on("job", (job) => {
      if (!this.viewer.avatar && job.kind === "bake") {
        this.#show(job.stage === "failed" ? "The avatar cannot be shown" : "Preparing the avatar", job.message,
          job.stage === "failed" ? {} : { progress: job.progress });
      }
    });
    on("progress", ({ share, text }) => this.#show("Loading the avatar", text, { progress: share }));
    on("avatar", () => { if (!this.lost) this.overlay.hidden = true; });
    on("failure", ({ title, text, retry }) => this.#show(title, text, { retry }));
    on("notice", (text) => this.notice(text));
    on("graphics", ({ lost }) => {
      this.lost = lost;
      if (lost) this.#show("The graphics card is busy", "The browser took the picture away for a moment. It comes back by itself.", {});
      else this.overlay.hidden = true;
    });
  }

  #connection({ state, message, retryAt }) {
    this.connection.dataset.state = state;
    this.connectionText.textContent = { connecting: "Connecting", live: "Live", waiting: "Offline", failed: "Stopped", idle: "Off" }[state];
    clearInterval(this.countdown);
    const started = Boolean(this.viewer.avatar);
    this.banner.hidden = state === "live" || (!started && state !== "waiting");
    if (state === "failed") {
      this.banner.hidden = true;
      this.#show("Not connected", message, { retry: () => this.viewer.connection.retryNow() });
      return;
    }
    if (state === "live" && this.title.textContent === "Not connected") this.overlay.hidden = true;
    this.retry.hidden = state !== "waiting";
    const paint = () => {
      const left = Math.ceil((retryAt - performance.now()) / 1000);
      this.bannerText.textContent = state === "waiting" && left > 0 ? `${message}. Next try in ${left} s` : "Reconnecting …";
    };
    paint();
    if (state === "waiting") this.countdown = setInterval(paint, 500);
  }

  #show(title, text, { progress, retry }) {
    this.overlay.hidden = false;
    this.title.textContent = title;
    this.text.textContent = text;
    this.progress.hidden = progress === undefined;
    if (progress !== undefined) {
      this.bar.style.setProperty("--progress", progress.toFixed(3));
      this.progress.setAttribute("aria-valuenow", String(Math.round(progress * 100)));
    }
    this.action.hidden = !retry;
    this.action.onclick = retry ?? null;
  }

  /** A short line that goes away by itself. @param {string} text */
  notice(text) {
    this.toast?.remove();
    this.toast = el("div", { class: "toast", role: "status", text });
    this.stage.append(this.toast);
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => this.toast?.remove(), 4200);
  }
}
