/** Frame rate, latency, bandwidth and splats in one quiet line; licence and credit of the head beside it. */
import { el } from "./dom.js";

/**
 * @param {import("../viewer.js").Viewer} viewer
 * @param {HTMLElement} line
 */
export function showReadout(viewer, line) {
  const cell = (label, wide = false) => {
    const value = el("b", { text: "–" });
    line.append(el("span", { title: label, "data-wide": wide }, value));
    return value;
  };
  const rate = cell("Pictures a second"), latency = cell("From the server's clock to this screen");
  const bandwidth = cell("Data received"), splats = cell("Gaussian splats", true);
  viewer.addEventListener("stats", (event) => {
    const stats = /** @type {CustomEvent} */ (event).detail;
    rate.textContent = `${stats.framesPerSecond.toFixed(stats.framesPerSecond < 10 ? 1 : 0)} fps`;
    latency.textContent = stats.latency === null ? "no stream" : `${Math.round(stats.latency * 1000)} ms`;
    bandwidth.textContent = stats.bitsPerSecond >= 1e6
      ? `${(stats.bitsPerSecond / 1e6).toFixed(1)} Mbit/s` : `${Math.round(stats.bitsPerSecond / 1000)} kbit/s`;
    splats.textContent = `${stats.splats.toLocaleString("en").replaceAll(",", "\u2009")} splats`;
  });
}

/**
 * @param {import("../viewer.js").Viewer} viewer
 * @param {HTMLElement} line short, beside the measurements
 * @param {HTMLElement} full where there is room for all of it
 */
export function showCredit(viewer, line, full) {
  viewer.addEventListener("avatar", () => {
    const head = viewer.avatar.info.head;
    const text = [head.credit || head.name, head.licence].filter(Boolean).join(" · ");
    line.textContent = text;
    full.textContent = `Head model ${head.name}: ${text}`;
    line.title = `Head model ${head.name} ${head.version}\n${text}`;
  });
}
