/** How a prompt is read, while it is typed: action units as chips, and a plain word on what is left out. */
import { CommandError } from "../connection.js";
import { capitalised, heldBack, unitsOf, unreadNote } from "../words.js";
import { el } from "./dom.js";

/** Milliseconds without a keystroke before the server is asked. */
const QUIET = 180;
const SHOWN = 6, MOST_WORDS = 8;

export class Reading {
  /**
   * @param {import("../viewer.js").Viewer} viewer
   * @param {{editor: () => string, read: (info: any) => void}} owner the editor that would be used, and who hears of
   *   each new reading (null while there is none)
   */
  constructor(viewer, { editor, read }) {
    this.viewer = viewer;
    this.editor = editor;
    this.read = read;
    this.text = this.of = "";
    /** @type {any} the server's PromptInfo for `text` */
    this.info = null;
    this.all = false; // whether weak units are shown too
    this.chips = el("ul", { class: "units", "aria-label": "Read as" });
    this.note = el("p", { class: "reading-note" });
    this.said = el("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
    this.body = el("div", { class: "reading", hidden: true }, this.chips, this.note);
    this.element = el("div", {}, this.body, this.said);
  }

  /** Whether `info` is of the text as it stands. */
  get current() {
    return this.info !== null && this.of === this.text;
  }

  /** Reads a text a little later, unless another follows. @param {string} text */
  follow(text) {
    clearTimeout(this.timer);
    this.text = text.trim();
    this.all = false;
    if (!this.text) return this.#show(null);
    this.timer = setTimeout(() => this.now(), QUIET);
  }

  /** Reads the text at once. */
  async now() {
    clearTimeout(this.timer);
    const text = this.text;
    if (!text || !this.viewer.editing.available) return;
    try {
      const info = await this.viewer.readPrompt(text);
      if (text === this.text) this.#show(info);
    } catch (error) {
      if (text !== this.text || !(error instanceof CommandError)) return;
      this.#show(null);
      this.#say(capitalised(error.message), "bad");
    }
  }

  /** Says again what becomes of words that were not read, for another editor. */
  editorChanged() {
    if (this.current) this.#show(this.info);
  }

  #show(info) {
    this.info = info;
    this.of = this.text;
    this.#paint();
    this.#say(info ? unreadNote(info, this.editor()) : "", "");
    this.said.textContent = info ? [info.reading, this.note.textContent].filter(Boolean).join(". ") : "";
    this.read(info);
  }

  #paint() {
    const { info } = this, units = info ? unitsOf(info) : [], held = info ? heldBack(info) : "";
    const shown = this.all ? units : units.slice(0, SHOWN), rest = units.length - shown.length;
    this.chips.title = info?.reading ?? "";
    this.chips.replaceChildren(
      ...shown.map(({ label, name, strength }) => el("li", { class: "unit", style: { "--strength": Math.min(1, strength).toFixed(3) } },
        el("b", { text: `AU ${label}` }), el("span", { text: name }), el("i", { text: String(Number(strength.toFixed(2))) }))),
      ...(rest > 0 ? [el("li", {}, el("button", { type: "button", class: "unit more", text: `${rest} weaker`, "aria-label": `Show ${rest} weaker action units`,
        on: { click: () => { this.all = true; this.#paint(); } } }))] : []),
      ...(held ? [el("li", { class: "unit held", text: held })] : []),
      ...(info?.unknown ?? []).slice(0, MOST_WORDS).map((word) => el("li", { class: "unit unknown", title: "Not read" },
        el("span", { text: word }), el("i", { text: "?", "aria-label": "not read" }))));
  }

  #say(text, tone) {
    this.note.textContent = text;
    this.note.dataset.tone = tone;
    this.note.hidden = !text;
    this.chips.hidden = !this.chips.children.length;
    this.body.hidden = this.note.hidden && this.chips.hidden;
  }
}
