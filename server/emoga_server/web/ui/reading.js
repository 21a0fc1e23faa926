/** How a prompt is read, while it is typed: action units as chips, and a plain word on what is left out. */
import { CommandError } from "../connection.js";
import { unitsOf, unreadNote } from "../words.js";
import { el } from "./dom.js";

/** Milliseconds without a keystroke before the server is asked. */
const QUIET = 180;
const SHOWN = 8;

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
    this.text = "";
    /** @type {any} the server's PromptInfo for `text` */
    this.info = null;
    this.chips = el("ul", { class: "units", "aria-label": "Read as" });
    this.note = el("p", { class: "reading-note" });
    this.element = el("div", { class: "reading", role: "status", "aria-live": "polite", hidden: true }, this.chips, this.note);
  }

  /** Reads a text a little later, unless another follows. @param {string} text */
  follow(text) {
    clearTimeout(this.timer);
    this.text = text.trim();
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
      this.#say(error.message, "bad");
    }
  }

  /** Says again what becomes of words that were not read, for another editor. */
  editorChanged() {
    if (this.info) this.#show(this.info);
  }

  #show(info) {
    this.info = info;
    const units = info ? unitsOf(info) : [];
    this.chips.replaceChildren(
      ...units.slice(0, SHOWN).map(({ unit, name, strength }) => el("li", {
        class: "unit", title: `Action unit ${unit}${name && `, ${name}`}: ${strength.toFixed(2)}`, style: { "--strength": Math.min(1, strength).toFixed(3) },
      }, el("b", { text: `AU ${unit}` }), el("span", { text: name }), el("i", { text: strength.toFixed(strength < 0.995 ? 2 : 1) }))),
      ...(units.length > SHOWN ? [el("li", { class: "unit more", text: `and ${units.length - SHOWN} more` })] : []),
      ...(info?.unknown ?? []).slice(0, SHOWN).map((word) => el("li", { class: "unit unknown", title: "Not read" },
        el("span", { text: word }), el("i", { text: "?", "aria-label": "not read" }))));
    this.#say(info ? unreadNote(info, this.editor()) : "", "");
    this.read(info);
  }

  #say(text, tone) {
    this.note.textContent = text;
    this.note.dataset.tone = tone;
    this.note.hidden = !text;
    this.chips.hidden = !this.chips.children.length;
    this.element.hidden = this.note.hidden && this.chips.hidden;
  }
}
