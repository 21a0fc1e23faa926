/** Keyboard shortcuts, and the card that lists them. */
import { el, iconButton } from "./dom.js";

const LIST = [
  [["Space"], "Play or pause"],
  [["1", "…", "9"], "One emotion alone"],
  [["0"], "Neutral"],
  [["/"], "Describe a feeling"],
  [["W"], "Before and after"],
  [["V"], "Splats, mesh, points"],
  [["L"], "Mix for everybody or only here"],
  [["S"], "Save a picture"],
  [["R"], "Record a video"],
  [["B"], "Light or dark background"],
  [["F"], "Fullscreen"],
  [["C"], "Reset the camera"],
  [["←", "→", "↑", "↓"], "Turn the camera (with Shift: move it)"],
  [["+", "−"], "Zoom"],
  [["?"], "This list"],
];

export class Help {
  constructor() {
    this.dialog = el("dialog", { "aria-labelledby": "help-title" },
      el("header", {}, el("h2", { id: "help-title", text: "Keyboard and gestures" }), iconButton("close", "Close", () => this.dialog.close())),
      el("dl", { class: "keys" }, ...LIST.flatMap(([keys, text]) => [
        el("dt", {}, .../** @type {string[]} */ (keys).map((key) => el("kbd", { text: key }))), el("dd", { text: String(text) })])),
      el("p", { class: "hint", text: "Drag to turn, two fingers or right button to move, pinch or wheel to zoom, double-click to reset. Double-click a slider to clear it." }));
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    document.body.append(this.dialog);
  }

  toggle() {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }
}

/**
 * @param {import("../viewer.js").Viewer} viewer
 * @param {{emotions: import("./emotions.js").EmotionPanel, toolbar: import("./toolbar.js").Toolbar, prompt: import("./prompt.js").PromptBox, help: Help}} parts
 */
export function listenForKeys(viewer, { emotions, toolbar, prompt, help }) {
  const modes = ["splats", "mesh", "points"];
  const actions = {
    " ": () => viewer.togglePlay(),
    0: () => emotions.neutral(),
    v: () => viewer.setDisplay(/** @type {any} */ (modes[(modes.indexOf(viewer.renderer.mode) + 1) % 3])),
    l: () => viewer.setMixing(viewer.mixing === "shared" ? "local" : "shared"),
    w: () => toolbar.toggleWipe(),
    "/": () => prompt.focus(),
    s: () => toolbar.screenshot(),
    r: () => toolbar.record(),
    b: () => toolbar.toggleTheme(),
    f: () => toolbar.toggleFullscreen(),
    c: () => viewer.orbit.reset(),
    "?": () => help.toggle(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("select, textarea, input:not([type=range]):not([type=radio]):not([type=checkbox])")) return;
    // space already presses buttons and switches
    if (event.key === " " && target.closest("button, input, summary")) return;
    if (help.dialog.open && event.key !== "?") return;
    const state = /^[1-9]$/.test(event.key) ? viewer.states[Number(event.key) - 1] : null;
    const action = state ? () => emotions.only(state.name) : actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    if (!event.repeat) action(); // a key held down is one wish
  });
}
