/** Puts the page together. */
import { tokenFrom } from "./connection.js";
import { EmotionPanel } from "./ui/emotions.js";
import { el, select } from "./ui/dom.js";
import { JobBoard } from "./ui/jobs.js";
import { Messages } from "./ui/messages.js";
import { FeelingPad } from "./ui/pad.js";
import { PromptBox } from "./ui/prompt.js";
import { showCredit, showReadout } from "./ui/readout.js";
import { transitionSection, viewSection } from "./ui/settings.js";
import { Help, listenForKeys } from "./ui/shortcuts.js";
import { Timeline } from "./ui/timeline.js";
import { Toolbar } from "./ui/toolbar.js";
import { WipeLine } from "./ui/wipe.js";
import { Viewer } from "./viewer.js";

const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Where the stream is: beside this page. */
function streamAddress() {
  const url = new URL("ws", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.search = url.hash = "";
  return url.href;
}

/** @param {Viewer} viewer */
function avatarChoice(viewer) {
  const choice = select("Avatar", [], (name) => viewer.selectAvatar(name), "plain");
  const box = choice.querySelector("select");
  const update = () => {
    const avatars = viewer.manifest?.avatars ?? [];
    const key = avatars.map((avatar) => avatar.name).join("|");
    choice.hidden = !avatars.length;
    if (box.dataset.key !== key) {
      box.dataset.key = key;
      box.replaceChildren(...avatars.map((avatar) => el("option", { value: avatar.name, text: avatar.title || avatar.name })));
    }
    box.disabled = avatars.length < 2;
    if (viewer.info) box.value = viewer.info.name;
  };
  for (const type of ["manifest", "status"]) viewer.addEventListener(type, update);
  update();
  return choice;
}

function start() {
  const canvas = /** @type {HTMLCanvasElement} */ (byId("view"));
  const parameters = new URLSearchParams(location.search);
  const ratio = Number(parameters.get("ratio"));
  const viewer = new Viewer(canvas, { url: streamAddress(), token: tokenFrom(new URL(location.href)), pixelRatio: ratio > 0 ? ratio : null });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  viewer.orbit.reducedMotion = still.matches;
  still.addEventListener("change", () => { viewer.orbit.reducedMotion = still.matches; });

  const stage = byId("stage");
  const messages = new Messages(viewer, { banner: byId("banner"), overlay: byId("overlay"), connection: byId("connection"), stage });
  const help = new Help();
  const toolbar = new Toolbar(viewer, { notice: (text) => messages.notice(text), help: () => help.toggle(), stage });
  byId("tools").append(...toolbar.elements);
  byId("avatar-choice").append(avatarChoice(viewer));
  byId("timeline").append(new Timeline(viewer).element);
  const prompt = new PromptBox(viewer);
  const jobs = el("div", { class: "panel-jobs" });
  const emotions = new EmotionPanel(viewer, { remake: (values) => prompt.fill(values) });
  new JobBoard(viewer, { stage: byId("jobs"), panel: jobs });
  byId("wipe").replaceWith(new WipeLine(viewer).element);
  const pad = new FeelingPad(viewer, (name) => emotions.only(name));
  const credit = el("p", { class: "hint" });
  byId("panel").append(prompt.element, jobs, emotions.element, pad.element, transitionSection(viewer), ...viewSection(viewer), credit);
  showReadout(viewer, byId("readout"));
  showCredit(viewer, byId("credit"), credit);
  listenForKeys(viewer, { emotions, toolbar, prompt, help });
  const covered = new ResizeObserver(() => {
    viewer.covered = { top: bar.offsetHeight * 0.8, bottom: dock.offsetHeight };
    viewer.needsDraw = true;
  });
  const [bar, dock] = [".topbar", ".dock"].map((name) => /** @type {HTMLElement} */ (stage.querySelector(name)));
  for (const element of [stage, bar, dock]) covered.observe(element);
  viewer.start();
  // for scripts and tests: the same actions as the page's own controls
  Object.assign(window, { emoga: viewer });
}

try {
  start();
} catch (error) {
  const overlay = byId("overlay");
  overlay.className = "overlay";
  overlay.replaceChildren(el("div", { class: "overlay-card", role: "alert" }, el("h2", { text: "The avatar cannot be shown" }), el("p", { text: error.message })));
}
