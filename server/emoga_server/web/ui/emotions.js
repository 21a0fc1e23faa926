/** One slider per emotion: the thumb is the wish, the coloured part of the track what the face shows. */
import { colorOf } from "../affect.js";
import { stateLabel } from "../words.js";
import { arrange, el, iconButton, reveal } from "./dom.js";
import { StateDetails } from "./history.js";

/** After the last touch, a slider keeps the person's value this long before it follows others again. */
const HOLD = 700;
/** So long a newly made emotion stands out. */
const SHINE = 6000;

export class EmotionPanel {
  /**
   * @param {import("../viewer.js").Viewer} viewer
   * @param {{remake: (values: {prompt: string, name: string}) => void}} parts puts words back into the prompt box
   */
  constructor(viewer, { remake }) {
    this.viewer = viewer;
    this.remake = remake;
    /** What is open below a row. @type {{row: any, details: StateDetails}|null} */
    this.open = null;
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
    viewer.addEventListener("made", (event) => this.#shine(/** @type {CustomEvent} */ (event).detail));
    for (const type of ["jobs", "availability"]) viewer.editing.addEventListener(type, () => this.#markEdits());
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
    if (key !== this.key || !key) {
      this.key = key;
      const old = this.rows;
      this.rows = new Map(states.map((state) => {
        const known = old.get(state.name);
        return [state.name, known?.slot === state.slot ? known : this.#row(state)];
      }));
      if (this.open && this.rows.get(this.open.row.name) !== this.open.row) this.#close(false);
      const none = el("p", { class: "empty", text: this.viewer.avatar ? "This avatar has no emotions yet." : "Waiting for an avatar." });
      arrange(this.list, states.length ? [...this.rows.values()].map((row) => row.element) : [none]);
      this.reset.disabled = !states.length;
      this.#markEdits();
    }
    const shown = this.open && states.find((state) => state.name === this.open?.row.name);
    if (shown) this.open?.details.update(shown);
    for (const state of states) this.rows.get(state.name).element.style.setProperty("--color", colorOf(state));
  }

  /** Which rows are in work, and whether there is anything behind them. */
  #markEdits() {
    const { editing, info } = this.viewer;
    for (const row of this.rows.values()) {
      const making = editing.isBusy(row.name, info?.slot ?? -1);
      row.element.toggleAttribute("data-making", making);
      row.more.hidden = !editing.available;
      row.more.disabled = making && this.open?.row !== row; // its versions and its name are the edit's until it ends
    }
    if (!editing.available) this.#close(false);
  }

  /** Lets a new emotion stand out for a while. @param {string} name */
  #shine(name) {
    const row = this.rows.get(name);
    if (!row) return;
    row.element.toggleAttribute("data-new", true);
    reveal(row.element);
    setTimeout(() => row.element.removeAttribute("data-new"), SHINE);
  }

  #toggle(row) {
    const reopen = this.open?.row !== row;
    this.#close(!reopen);
    const state = this.viewer.states.find((entry) => entry.name === row.name);
    if (!reopen || !state) return;
    const details = new StateDetails(this.viewer, state, { remake: this.remake, close: () => this.#close(true) });
    row.more.setAttribute("aria-expanded", "true");
    row.element.append(details.element);
    this.open = { row, details };
  }

  /** @param {boolean} focus whether the keyboard goes back to the row */
  #close(focus) {
    if (!this.open) return;
    const { row, details } = this.open;
    this.open = null;
    details.element.remove();
    row.more.setAttribute("aria-expanded", "false");
    if (focus) row.more.focus();
  }

  #row(state) {
    const label = stateLabel(state.name);
    const input = el("input", { type: "range", class: "range", min: 0, max: 1, step: 0.01, value: 0, "aria-label": label,
      title: "Double-click to reset" });
    const output = el("output", { text: "0" });
    const element = el("div", { class: "emotion", style: { "--color": colorOf(state) } },
      el("button", { type: "button", class: "emotion-name", title: `Only ${label}`, on: { click: () => this.only(state.name) } },
        el("span", { text: label })),
      input, output);
    const more = iconButton("more", `About ${label}: versions, name, removal`, () => this.#toggle(row));
    more.classList.add("more-button");
    more.setAttribute("aria-expanded", "false");
    element.append(more);
    const row = { name: state.name, slot: state.slot, element, input, output, more, heldUntil: 0, dragging: false, shown: -1, live: -1 };
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
    element.addEventListener("dblclick", (event) => {
      if (event.target.closest(".details, .more-button")) return;
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
