/** One slider per emotion: the thumb is the wish, the coloured part of the track what the face shows. */
import { colorOf } from "../affect.js";
import { el } from "./dom.js";

/** After the last touch, a slider keeps the person's value this long before it follows others again. */
const HOLD = 700;

export class EmotionPanel {
  /** @param {import("../viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {Map<string, any>} */
    this.rows = new Map();
    this.list = el("div", { class: "emotions" });
    this.reset = el("button", { type: "button", class: "text-button", text: "Neutral", title: "All emotions to zero (0)",
      on: { click: () => this.neutral() } });
    this.element = el("section", { class: "section", "aria-labelledby": "emotions-title" },
      el("div", { class: "section-head" }, el("h2", { id: "emotions-title", text: "Emotions" }), this.reset), this.list);
    this.key = "";
    viewer.addEventListener("avatar", () => this.rebuild());
    viewer.addEventListener("drawn", () => this.refresh());
    this.rebuild();
  }

  /** All weights to zero, with the chosen transition. */
  neutral() {
    for (const row of this.rows.values()) this.#show(row, 0);
    this.viewer.setWeights({}, { exclusive: true });
  }

  /** One emotion alone. @param {string} name */
  only(name) {
    for (const [other, row] of this.rows) this.#show(row, other === name ? 1 : 0);
    this.viewer.setWeights({ [name]: 1 }, { exclusive: true });
  }

  rebuild() {
    const states = this.viewer.states;
    const key = states.map((state) => `${state.slot}:${state.name}`).join("|");
    if (key === this.key && key) return;
    this.key = key;
    this.rows = new Map(states.map((state) => [state.name, this.#row(state)]));
    this.list.replaceChildren(...[...this.rows.values()].map((row) => row.element));
    if (!states.length) {
      this.list.append(el("p", { class: "empty", text: this.viewer.avatar ? "This avatar has no emotions yet." : "Waiting for an avatar." }));
    }
    this.reset.disabled = !states.length;
  }

  #row(state) {
    const label = state.name.replaceAll("_", " ");
    const input = el("input", { type: "range", class: "range", min: 0, max: 1, step: 0.01, value: 0, "aria-label": label,
      title: "Double-click to reset" });
    const output = el("output", { text: "0" });
    const element = el("div", { class: "emotion", style: { "--color": colorOf(state) } },
      el("button", { type: "button", class: "emotion-name", title: `Only ${label}`, on: { click: () => this.only(state.name) } },
        el("span", { text: label })),
      input, output);
    const row = { name: state.name, slot: state.slot, element, input, output, heldUntil: 0, dragging: false, shown: -1, live: -1 };
    const viewer = this.viewer;
    let jump = false;
    input.addEventListener("pointerdown", () => { jump = true; row.dragging = true; });
    for (const end of ["pointerup", "pointercancel", "blur"]) input.addEventListener(end, () => { row.dragging = false; this.#hold(row); });
    input.addEventListener("input", () => {
      this.#show(row, Number(input.value));
      const weights = { [state.name]: Number(input.value) };
      if (jump) viewer.setWeights(weights);
      else viewer.dragWeights(weights);
      jump = false;
    });
    element.addEventListener("dblclick", () => {
      this.#show(row, 0);
      viewer.setWeights({ [state.name]: 0 });
    });
    return row;
  }

  #hold(row) {
    row.heldUntil = performance.now() + HOLD + this.viewer.transition.duration * 1000;
  }

  #show(row, value) {
    this.#hold(row);
    this.#paint(row, value);
  }

  #paint(row, value) {
    const rounded = Math.round(value * 100) / 100;
    if (row.shown === rounded) return;
    row.shown = rounded;
    row.input.value = String(rounded);
    row.output.textContent = String(Math.round(rounded * 100));
    row.input.setAttribute("aria-valuetext", `${Math.round(rounded * 100)} percent`);
    row.element.toggleAttribute("data-active", rounded > 0);
    if (!CSS.supports("selector(::-webkit-slider-thumb)")) row.input.style.setProperty("--value", rounded);
  }

  /** Follows the stream, except where a hand is on a slider. */
  refresh() {
    const now = performance.now(), weights = this.viewer.weights;
    for (const row of this.rows.values()) {
      const live = Math.round((weights[row.slot] ?? 0) * 200) / 200;
      if (live !== row.live) {
        row.live = live;
        row.input.style.setProperty("--live", live);
      }
      if (!row.dragging && now > row.heldUntil) this.#paint(row, live);
    }
  }
}
