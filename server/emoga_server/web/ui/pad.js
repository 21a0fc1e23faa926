/** The feeling map: pleasant to the right, excited upwards; a dot that mixes the emotions around it. */
import { colorOf, placeOf, weightsAt } from "../affect.js";
import { stateLabel } from "../words.js";
import { el, svg } from "./dom.js";

const MARGIN = 0.13; // of the pad, so that labels at the rim fit
const STEP = 0.05;

export class FeelingPad {
  /**
   * @param {import("../viewer.js").Viewer} viewer
   * @param {(name: string) => void} only chooses one emotion alone
   */
  constructor(viewer, only) {
    this.viewer = viewer;
    this.only = only;
    this.place = [0, 0];
    this.shown = "";
    this.heldUntil = 0;
    this.glow = svg("svg", { "aria-hidden": "true", preserveAspectRatio: "none", viewBox: "0 0 100 100" });
    this.points = el("div");
    this.dot = el("div", { class: "pad-dot", role: "slider", tabindex: 0, "aria-label": "Feeling: valence and arousal",
      "aria-valuemin": -1, "aria-valuemax": 1, "aria-valuenow": 0, "aria-describedby": "pad-help" });
    this.pad = el("div", { class: "pad" }, this.glow,
      ...[["top", "excited"], ["bottom", "calm"], ["left", "unpleasant"], ["right", "pleasant"]].map(([at, text]) =>
        el("span", { class: "pad-edge", "data-at": at, "aria-hidden": "true", text })),
      this.points, this.dot);
    this.element = el("section", { class: "section", "aria-labelledby": "pad-title" },
      el("div", { class: "section-head" }, el("h2", { id: "pad-title", text: "Feeling map" })), this.pad,
      el("p", { id: "pad-help", class: "visually-hidden", text: "Left and right arrows change how pleasant, up and down how excited." }));
    this.#listen();
    viewer.addEventListener("avatar", () => this.rebuild());
    viewer.addEventListener("drawn", () => this.refresh());
    this.#paint();
  }

  #listen() {
    const move = (event, jump) => {
      const box = this.pad.getBoundingClientRect();
      this.#moveTo(fromShare((event.clientX - box.left) / box.width), -fromShare((event.clientY - box.top) / box.height), jump);
    };
    this.pad.addEventListener("pointerdown", (event) => {
      if (event.target.closest(".pad-point")) return;
      event.preventDefault();
      this.pad.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.dot.focus({ preventScroll: true });
      move(event, event.target !== this.dot);
    });
    this.pad.addEventListener("pointermove", (event) => { if (this.dragging) move(event, false); });
    for (const end of ["pointerup", "pointercancel"]) {
      this.pad.addEventListener(end, () => { this.dragging = false; this.#hold(); });
    }
    this.pad.addEventListener("dblclick", () => this.#moveTo(0, 0, true));
    this.dot.addEventListener("keydown", (event) => {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
      if (event.key === "Home") this.#moveTo(0, 0, true);
      else if (dx || dy) this.#moveTo(this.place[0] + dx * STEP, this.place[1] + dy * STEP, false);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #hold() {
    this.heldUntil = performance.now() + 700 + this.viewer.transition.duration * 1000;
  }

  #moveTo(valence, arousal, jump) {
    const clamp = (x) => Math.min(1, Math.max(-1, x));
    this.place = [clamp(valence), clamp(arousal)];
    this.#hold();
    this.#paint();
    const weights = weightsAt(this.place[0], this.place[1], this.viewer.states);
    if (jump) this.viewer.setWeights(weights, { exclusive: true });
    else this.viewer.dragWeights(weights, { exclusive: true });
  }

  rebuild() {
    const states = this.viewer.states;
    const key = states.map((s) => `${s.name},${s.valence},${s.arousal}`).join("|");
    if (key === this.key) return;
    this.key = key;
    this.points.replaceChildren(...states.map((state) => el("button", {
      type: "button", class: "pad-point", text: stateLabel(state.name), tabindex: -1,
      title: `Only ${stateLabel(state.name)}`, "data-label": crowdedBelow(state, states) ? "above" : "below", style: { "--color": colorOf(state), left: `${toShare(state.valence) * 100}%`, top: `${toShare(-state.arousal) * 100}%` },
      on: { click: () => this.only(state.name) },
    })));
    this.#drawGlow(states);
  }

  /** A soft spot of each emotion's colour. */
  #drawGlow(states) {
    const defs = svg("defs");
    this.glow.replaceChildren(defs);
    states.forEach((state, i) => {
      const color = colorOf(state);
      defs.append(svg("radialGradient", { id: `glow-${i}` },
        svg("stop", { offset: 0, "stop-color": color, "stop-opacity": 0.24 }),
        svg("stop", { offset: 1, "stop-color": color, "stop-opacity": 0 })));
      this.glow.append(svg("ellipse", { cx: toShare(state.valence) * 100, cy: toShare(-state.arousal) * 100, rx: 25, ry: 36, fill: `url(#glow-${i})` }));
    });
    this.glow.append(svg("line", { class: "pad-axis", x1: 50, x2: 50, y1: 12, y2: 88, "vector-effect": "non-scaling-stroke" }),
      svg("line", { class: "pad-axis", x1: 21, x2: 80, y1: 50, y2: 50, "vector-effect": "non-scaling-stroke" }));
  }

  #paint() {
    const [valence, arousal] = this.place;
    const text = `${valence.toFixed(2)} ${arousal.toFixed(2)}`;
    if (text === this.shown) return;
    this.shown = text;
    this.dot.style.left = `${toShare(valence) * 100}%`;
    this.dot.style.top = `${toShare(-arousal) * 100}%`;
    this.dot.setAttribute("aria-valuenow", valence.toFixed(2));
    this.dot.setAttribute("aria-valuetext", `valence ${valence.toFixed(2)}, arousal ${arousal.toFixed(2)}`);
  }

  /** Follows the mixture on the face, except under a hand. */
  refresh() {
    if (this.dragging || performance.now() < this.heldUntil) return;
    const weights = Object.fromEntries(this.viewer.states.map((state) => [state.name, this.viewer.weights[state.slot] ?? 0]));
    this.place = placeOf(weights, this.viewer.states);
    this.#paint();
  }
}

/** Whether a label under this point would lie on another point or its label. */
function crowdedBelow(state, states) {
  return states.some((other) => other !== state && Math.abs(other.valence - state.valence) < 0.4 &&
    other.arousal <= state.arousal && state.arousal - other.arousal < 0.35);
}

function toShare(x) {
  return 0.5 + x * (0.5 - MARGIN);
}

function fromShare(share) {
  return (share - 0.5) / (0.5 - MARGIN);
}
