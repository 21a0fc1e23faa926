/** The line between the face as it was and as it is: dragged, or moved with the arrow keys. */
import { el, icon, select } from "./dom.js";

const STEP = 0.02, LEAP = 0.1;

export class WipeLine {
  /** @param {import("../viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.grip = el("div", { class: "wipe-grip", role: "slider", tabindex: 0, "aria-label": "Before and after: how much of each", "aria-orientation": "horizontal",
      "aria-valuemin": 0, "aria-valuemax": 100 }, icon("arrows"));
    this.before = select("Left of the line", [["neutral", "Neutral"], ["edit", "Before the edit"]],
      (value) => viewer.setWipe({ before: /** @type {any} */ (value) }), "wipe-before");
    this.now = el("span", { class: "wipe-now", text: "Now" });
    this.line = el("div", { class: "wipe-line" }, this.grip);
    this.element = el("div", { class: "wipe", hidden: true }, this.line, this.before, this.now);
    this.#listen();
    this.update();
  }

  #listen() {
    const { grip, line, viewer } = this;
    const move = (event) => {
      const box = viewer.canvas.getBoundingClientRect();
      viewer.setWipe({ position: (event.clientX - box.left) / box.width });
    };
    line.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      line.setPointerCapture(event.pointerId);
      this.dragging = true;
      grip.focus({ preventScroll: true });
    });
    line.addEventListener("pointermove", (event) => { if (this.dragging) move(event); });
    for (const end of ["pointerup", "pointercancel"]) line.addEventListener(end, () => { this.dragging = false; });
    line.addEventListener("dblclick", () => viewer.setWipe({ position: 0.5 }));
    grip.addEventListener("keydown", (event) => {
      const { position } = viewer.wipe, step = event.shiftKey ? LEAP : STEP;
      const to = { ArrowLeft: position - step, ArrowDown: position - step, ArrowRight: position + step, ArrowUp: position + step,
        PageDown: position - LEAP, PageUp: position + LEAP, Home: 0, End: 1 }[event.key];
      if (event.key === "Escape") viewer.setWipe({ on: false });
      else if (to !== undefined) viewer.setWipe({ position: to });
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    for (const type of ["wipe", "avatar"]) viewer.addEventListener(type, () => this.update());
  }

  update() {
    const { wipe, avatar } = this.viewer, box = this.before.querySelector("select");
    this.element.hidden = !wipe.on;
    box.options[1].disabled = !avatar?.earlier;
    box.value = wipe.before === "edit" && avatar?.earlier ? "edit" : "neutral";
    this.element.style.setProperty("--position", wipe.position.toFixed(4));
    const share = Math.round(wipe.position * 100);
    this.grip.setAttribute("aria-valuenow", String(share));
    this.grip.setAttribute("aria-valuetext", `${share} percent ${box.selectedOptions[0]?.text.toLowerCase()}, ${100 - share} percent now`);
  }
}
