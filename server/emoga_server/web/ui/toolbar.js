/** Buttons over the picture: screenshot, video, background, camera, fullscreen, help. */
import { download, fileName, Recorder } from "../recorder.js";
import { el, icon, iconButton, setIcon } from "./dom.js";

const THEME_KEY = "emoga-theme";

/** What the browser keeps for this page, if it keeps anything: some forbid storage by throwing. */
const kept = {
  get: () => { try { return localStorage.getItem(THEME_KEY); } catch { return null; } },
  set: (theme) => { try { localStorage.setItem(THEME_KEY, theme); } catch { /* then not */ } },
};

export class Toolbar {
  /**
   * @param {import("../viewer.js").Viewer} viewer
   * @param {{notice: (text: string) => void, help: () => void, stage: HTMLElement}} services
   */
  constructor(viewer, { notice, help, stage }) {
    this.viewer = viewer;
    this.notice = notice;
    this.stage = stage;
    this.recorder = new Recorder(viewer.canvas);
    this.wipe = iconButton("wipe", "Before and after (W)", () => this.toggleWipe());
    viewer.addEventListener("wipe", () => this.wipe.setAttribute("aria-pressed", String(viewer.wipe.on)));
    this.wipe.setAttribute("aria-pressed", "false");
    this.shot = iconButton("camera", "Save a picture (S)", () => this.screenshot());
    this.video = iconButton("record", "Record a video (R)", () => this.record());
    this.theme = iconButton("sun", "Light background (B)", () => this.toggleTheme());
    this.full = iconButton("expand", "Fullscreen (F)", () => this.toggleFullscreen());
    this.elements = [
      this.wipe, this.shot, this.video, iconButton("target", "Reset the camera (C)", () => viewer.orbit.reset()), this.theme, this.full,
      iconButton("help", "Keyboard shortcuts (?)", help),
    ];
    this.video.hidden = !Recorder.supported;
    this.full.hidden = !document.fullscreenEnabled;
    document.addEventListener("fullscreenchange", () => {
      const on = Boolean(document.fullscreenElement);
      setIcon(this.full, on ? "shrink" : "expand", on ? "Leave fullscreen (F)" : "Fullscreen (F)");
    });
    this.#applyTheme(kept.get() === "light" ? "light" : "dark");
  }

  get #name() {
    return this.viewer.info?.name ?? "avatar";
  }

  toggleWipe() {
    this.viewer.setWipe({ on: !this.viewer.wipe.on });
  }

  async screenshot() {
    try {
      download(await this.viewer.screenshot(), fileName(this.#name, "png"));
      this.notice("Picture saved");
    } catch (error) {
      this.notice(error.message);
    }
  }

  async record() {
    if (this.recorder.recording) {
      clearInterval(this.clock);
      this.video.classList.remove("recording");
      setIcon(this.video, "record", "Record a video (R)");
      const { blob, extension } = await this.recorder.stop();
      download(blob, fileName(this.#name, extension));
      this.notice("Video saved");
      return;
    }
    try {
      this.recorder.start();
    } catch (error) {
      this.notice(`This browser cannot record the picture: ${error.message}`);
      return;
    }
    this.video.classList.add("recording");
    const paint = () => {
      const seconds = Math.floor(this.recorder.seconds);
      this.video.dataset.icon = "";
      setIcon(this.video, "stop", "Stop recording (R)");
      this.video.replaceChildren(icon("stop"), el("span", { text: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` }));
    };
    paint();
    this.clock = setInterval(paint, 500);
  }

  toggleTheme() {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    kept.set(theme);
    this.#applyTheme(theme);
  }

  #applyTheme(theme) {
    document.documentElement.dataset.theme = theme;
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", theme === "dark" ? "#0c0e12" : "#fbfbfc");
    setIcon(this.theme, theme === "dark" ? "sun" : "moon", theme === "dark" ? "Light background (B)" : "Dark background (B)");
    this.viewer.setTheme(theme);
  }

  async toggleFullscreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await this.stage.requestFullscreen();
    } catch (error) {
      this.notice(`Fullscreen is not possible here: ${error.message}`);
    }
  }
}
