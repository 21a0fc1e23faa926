/** Transition, idle behaviour, display and who mixes. */
import { ease } from "../protocol/mixing.js";
import { EASINGS } from "../protocol/messages.js";
import { el, segmented, select, setSegmented, svg } from "./dom.js";

const EASING_NAMES = {
  linear: "Linear", smoothstep: "Smooth", smootherstep: "Smoother", ease_in: "Ease in", ease_out: "Ease out",
  cubic_in: "Strong in", cubic_out: "Strong out", cubic_in_out: "Strong in and out",
};

/** @param {import("../viewer.js").Viewer} viewer */
export function transitionSection(viewer) {
  const output = el("output");
  const range = el("input", { id: "duration", type: "range", class: "range", min: 0, max: 3, step: 0.05, value: viewer.transition.duration });
  const paint = () => {
    viewer.transition.duration = Number(range.value);
    output.textContent = `${viewer.transition.duration.toFixed(viewer.transition.duration % 0.1 > 0.01 && viewer.transition.duration % 0.1 < 0.09 ? 2 : 1)} s`;
    range.style.setProperty("--live", viewer.transition.duration / 3);
    range.setAttribute("aria-valuetext", `${viewer.transition.duration} seconds`);
  };
  range.addEventListener("input", paint);
  range.addEventListener("dblclick", () => { range.value = "0.4"; paint(); });
  paint();
  const curve = svg("path");
  const drawCurve = () => {
    const points = Array.from({ length: 25 }, (_, i) => {
      const t = i / 24;
      return `${(4 + 26 * t).toFixed(1)} ${(26 - 22 * ease(viewer.transition.easing, t)).toFixed(1)}`;
    });
    curve.setAttribute("d", `M${points.join("L")}`);
  };
  const picker = select("Easing", Object.keys(EASINGS).map((name) => [name, EASING_NAMES[name] ?? name]), (name) => {
    viewer.transition.easing = name;
    drawCurve();
  });
  picker.querySelector("select").value = viewer.transition.easing;
  drawCurve();
  return el("section", { class: "section", "aria-labelledby": "transition-title" },
    el("div", { class: "section-head" }, el("h2", { id: "transition-title", text: "Transition" })),
    el("div", { class: "row" }, el("label", { for: "duration", text: "Time" }), el("div", { class: "amount" }, range, output)),
    el("div", { class: "row" }, el("span", { class: "label", text: "Curve" }),
      el("div", { class: "easing" }, picker, svg("svg", { class: "curve", viewBox: "0 0 34 30", "aria-hidden": "true" },
        svg("rect", { width: 34, height: 30, rx: 7 }), curve))));
}

/** @param {import("../viewer.js").Viewer} viewer */
export function viewSection(viewer) {
  const display = segmented("Display", [["splats", "Splats"], ["mesh", "Mesh"], ["points", "Points"]], "splats",
    (mode) => viewer.setDisplay(/** @type {any} */ (mode)));
  viewer.addEventListener("display", (event) => setSegmented(display, /** @type {CustomEvent} */ (event).detail));
  const playback = segmented("Playback", [["smooth", "Smooth"], ["newest", "Lowest lag"]], "smooth", (mode) => {
    viewer.frames.mode = /** @type {any} */ (mode);
  });
  const mixing = segmented("Who sees it", [["shared", "Everybody"], ["local", "Only me"]], "shared",
    (mode) => viewer.setMixing(/** @type {any} */ (mode)));
  const hint = el("p", { class: "hint" });
  const explain = () => {
    hint.textContent = viewer.mixing === "shared"
      ? "Everybody who watches sees what you set."
      : "Only this screen changes; others keep theirs.";
  };
  viewer.addEventListener("mixing", (event) => { setSegmented(mixing, /** @type {CustomEvent} */ (event).detail); explain(); });
  explain();
  const idle = el("input", { id: "idle", type: "checkbox", role: "switch", checked: true, on: { change: () => viewer.setIdle(idle.checked) } });
  viewer.addEventListener("status", (event) => { idle.checked = /** @type {CustomEvent} */ (event).detail.idle.enabled; });
  return [
    el("section", { class: "section", "aria-labelledby": "life-title" },
      el("div", { class: "section-head" }, el("h2", { id: "life-title", text: "Mixing and life" })),
      el("div", { class: "row" }, el("span", { class: "label", text: "Who sees it" }), mixing), hint,
      el("div", { class: "row" }, el("label", { for: "idle", text: "Idle motion" }), el("span", { class: "switch" }, idle, el("span")))),
    el("section", { class: "section", "aria-labelledby": "view-title" },
      el("div", { class: "section-head" }, el("h2", { id: "view-title", text: "Picture" })),
      el("div", { class: "row" }, el("span", { class: "label", text: "Display" }), display),
      el("div", { class: "row" }, el("span", { class: "label", text: "Playback" }), playback)),
  ];
}
