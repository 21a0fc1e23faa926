/** What plays: motion, play and pause, where it stands. */
import { el, iconButton, select, setIcon } from "./dom.js";

export class Timeline {
  /** @param {import("../viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.play = iconButton("play", "Play", () => viewer.togglePlay());
    this.play.classList.add("play");
    this.loop = iconButton("loop", "Repeat", () => viewer.setLoop(!viewer.status?.loop));
    this.range = el("input", { type: "range", class: "range", min: 0, max: 1, step: 0.01, value: 0, "aria-label": "Position in the motion" });
    this.now = el("span", { text: "0:00.0" });
    this.total = el("span", { "data-total": true });
    this.motion = select("Motion", [], (name) => viewer.chooseMotion(name || null), "plain");
    this.element = el("div", { class: "timeline", role: "group", "aria-label": "Playback" },
      this.play, this.range, el("span", { class: "clock" }, this.now, this.total), this.motion, this.loop);
    this.range.addEventListener("pointerdown", () => { this.dragging = true; });
    for (const end of ["pointerup", "pointercancel", "blur"]) {
      this.range.addEventListener(end, () => { this.dragging = false; this.heldUntil = performance.now() + 400; });
    }
    this.range.addEventListener("input", () => this.#seek(Number(this.range.value)));
    this.heldUntil = 0;
    for (const type of ["status", "manifest"]) viewer.addEventListener(type, () => this.#update());
    viewer.addEventListener("drawn", () => this.refresh());
    this.#update();
  }

  #seek(position) {
    this.heldUntil = performance.now() + 400;
    this.#paint(position);
    this.viewer.seek(position);
  }

  #update() {
    const { status, info, motion } = this.viewer;
    const box = this.motion.querySelector("select");
    const names = (info?.motions ?? []).map((m) => m.name);
    const key = names.join("|");
    if (box.dataset.key !== key || !box.options.length) {
      box.dataset.key = key;
      box.replaceChildren(el("option", { value: "", text: "Idle only" }), ...names.map((name) => el("option", { value: name, text: name.replaceAll("_", " ") })));
    }
    box.value = status?.motion ?? "";
    box.disabled = !names.length;
    setIcon(this.play, status?.playing && motion ? "pause" : "play", status?.playing && motion ? "Pause (space)" : "Play (space)");
    this.play.disabled = this.range.disabled = this.loop.disabled = !motion;
    this.loop.setAttribute("aria-pressed", String(Boolean(status?.loop && motion)));
    this.range.max = String(motion?.duration ?? 1);
    this.total.textContent = motion ? ` / ${clock(motion.duration)}` : "";
    this.#paint(this.viewer.position);
  }

  refresh() {
    if (this.dragging || performance.now() < this.heldUntil || !this.viewer.motion) return;
    this.#paint(this.viewer.position);
  }

  #paint(position) {
    const motion = this.viewer.motion, text = motion ? clock(position) : "–";
    const share = motion ? Math.min(1, position / Math.max(motion.duration, 1e-3)) : 0;
    this.range.value = String(position);
    this.range.style.setProperty("--live", share.toFixed(4));
    if (this.now.textContent !== text) {
      this.now.textContent = text;
      this.range.setAttribute("aria-valuetext", text);
    }
  }
}

function clock(seconds) {
  const whole = Math.floor(seconds / 60);
  return `${whole}:${(seconds - whole * 60).toFixed(1).padStart(4, "0")}`;
}
