/** The box in which a feeling is described: words, name, strength, editor; and the button that makes it. */
import { capitalised, stateLabel } from "../words.js";
import { el, icon, reveal, select } from "./dom.js";
import { Reading } from "./reading.js";

const LONGEST = 500, WEAKEST = 0.1, STRONGEST = 1.5, MOST_VIEWS = 16, MOST_FRAMES = 32;
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
/** Offered while the box is empty. */
const SUGGESTIONS = [
  "a subtle, tired smile", "happy but surprised", "furious, with bared teeth", "very sad, about to cry", "smug, one eyebrow raised",
  "afraid, wide open eyes", "disgusted, wrinkled nose", "a bittersweet smile", "shy, looking down", "a mischievous wink",
];

export class PromptBox {
  /** @param {import("../viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.named = false; // whether the person chose the name
    this.sending = false;
    this.#build();
    this.#listen();
    this.update();
  }

  #build() {
    this.text = el("textarea", { class: "prompt-text", rows: 2, maxlength: LONGEST, "aria-labelledby": "prompt-title", "aria-describedby": "prompt-problem",
      placeholder: "a subtle, tired smile", spellcheck: "true", autocapitalize: "off", enterkeyhint: "go" });
    this.name = el("input", { type: "text", class: "prompt-name", "aria-label": "Name of the new emotion", placeholder: "name", maxlength: 64,
      autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
    this.make = el("button", { type: "submit", class: "make-button", title: `Make (${MAC ? "⌘" : "Ctrl"}+Enter)` }, icon("spark"), el("span", { text: "Make" }));
    this.suggestions = el("div", { class: "suggestions", role: "group", "aria-label": "Suggestions" },
      ...SUGGESTIONS.map((text) => el("button", { type: "button", class: "suggestion", text, on: { click: () => this.fill({ prompt: text }) } })));
    this.reading = new Reading(this.viewer, { editor: () => this.editorName, read: (info) => this.#read(info) });
    this.problem = el("p", { id: "prompt-problem", class: "problem", role: "alert", hidden: true });
    this.reason = el("p", { class: "prompt-reason", hidden: true });
    this.fields = el("fieldset", { class: "prompt-fields" },
      el("div", { class: "prompt-box" }, this.text,
        el("div", { class: "prompt-foot" },
          el("label", { class: "prompt-as" }, el("span", { text: "as", "aria-hidden": "true" }), this.name), this.make)),
      this.problem, this.suggestions, this.reading.element, this.#strength(), this.#options());
    this.form = el("form", { class: "prompt", novalidate: true }, this.fields, this.reason);
    this.element = el("section", { class: "section prompt-section", "aria-labelledby": "prompt-title" },
      el("div", { class: "section-head" }, el("h2", { id: "prompt-title", text: "Describe a feeling" })), this.form);
  }

  #strength() {
    this.intensity = el("input", { id: "intensity", type: "range", class: "range", min: WEAKEST, max: STRONGEST, step: 0.05, value: 1, title: "Double-click to reset" });
    const output = el("output");
    const paint = () => {
      const value = Number(this.intensity.value);
      output.textContent = `${Math.round(value * 100)} %`;
      this.intensity.style.setProperty("--live", ((value - WEAKEST) / (STRONGEST - WEAKEST)).toFixed(3));
      this.intensity.setAttribute("aria-valuetext", `${Math.round(value * 100)} percent`);
    };
    this.intensity.addEventListener("input", paint);
    this.intensity.addEventListener("dblclick", () => { this.intensity.value = "1"; paint(); });
    paint();
    return el("div", { class: "row" }, el("label", { for: "intensity", text: "Intensity" }), el("div", { class: "amount" }, this.intensity, output));
  }

  #options() {
    this.editor = select("Editor", [], () => this.#editorChosen());
    this.editorNote = el("p", { class: "hint" });
    const number = (id, placeholder, most) => el("input", { id, type: "number", class: "field", min: 1, max: most, step: 1, placeholder, inputmode: "numeric" });
    this.negative = el("input", { id: "negative", type: "text", class: "field", maxlength: LONGEST, placeholder: "what it must not show", autocomplete: "off" });
    this.seed = el("input", { id: "seed", type: "number", class: "field", min: 0, max: 4294967295, step: 1, value: 0, inputmode: "numeric" });
    this.views = number("views", "auto", MOST_VIEWS);
    this.frames = number("frames", "auto", MOST_FRAMES);
    const row = (id, label, field) => el("div", { class: "row" }, el("label", { for: id, text: label }), field);
    return el("details", { class: "options" }, el("summary", {}, el("span", { text: "Options" }), icon("chevron")),
      el("div", { class: "row" }, el("span", { class: "label", text: "Editor" }), this.editor), this.editorNote,
      row("negative", "Avoid", this.negative), row("seed", "Seed", this.seed),
      el("div", { class: "row" }, el("label", { for: "views", text: "Views, frames" }),
        el("div", { class: "two-fields" }, this.views, el("label", { class: "visually-hidden", for: "frames", text: "Frames" }), this.frames)));
  }

  #listen() {
    this.text.addEventListener("input", () => this.#typed());
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.text.blur();
      // a prompt is one sentence: Enter sends it, with or without Ctrl
      if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
      event.preventDefault();
      this.submit();
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
      event.preventDefault();
      this.submit();
    });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.name.addEventListener("input", () => {
      this.named = this.name.value.trim() !== "";
      this.#complain("");
      this.update();
    });
    const { viewer } = this;
    viewer.editing.addEventListener("availability", () => this.update());
    viewer.editing.addEventListener("editors", () => { this.#listEditors(); this.reading.now(); });
    for (const type of ["avatar", "status"]) viewer.addEventListener(type, () => this.update());
    viewer.editing.addEventListener("jobs", () => this.update());
  }

  /** Name of the editor that would be used. */
  get editorName() {
    return this.editor.querySelector("select").value || this.viewer.editing.defaultEditor?.name || "";
  }

  /** The name that was chosen or suggested for these very words; empty while the suggestion is on its way. */
  get stateName() {
    return this.named || this.reading.current ? this.name.value.trim() : "";
  }

  focus() {
    reveal(this.element);
    this.text.focus({ preventScroll: true });
  }

  /** Puts words into the box. @param {{prompt: string, name?: string}} values */
  fill({ prompt, name = "" }) {
    this.text.value = prompt;
    this.name.value = name;
    this.named = name !== "";
    this.#typed();
    this.reading.now();
    this.focus();
  }

  #typed() {
    if (/[\r\n]/.test(this.text.value)) this.text.value = this.text.value.replace(/\s*[\r\n]+\s*/g, " "); // pasted
    this.#complain("");
    this.suggestions.hidden = this.text.value.trim() !== "";
    if (!this.text.value.trim()) this.named = false;
    this.reading.follow(this.text.value);
    this.update();
  }

  #read(info) {
    if (!this.named) this.name.value = info ? info.name : "";
    this.update();
  }

  async submit() {
    const prompt = this.text.value.trim();
    if (this.sending || this.make.disabled) {
      if (!prompt) this.focus();
      return;
    }
    const wrong = [[this.seed, "The seed"], [this.views, "Views"], [this.frames, "Frames"]].find(([field]) => !field.validity.valid);
    if (wrong) {
      this.#complain(`${wrong[1]} must be a whole number from ${wrong[0].min} to ${wrong[0].max}.`);
      wrong[0].focus();
      return;
    }
    const whole = (field) => (field.value === "" ? null : Number(field.value));
    this.sending = true;
    this.#complain("");
    this.update();
    try {
      if (matchMedia("(pointer: coarse)").matches) this.text.blur(); // the face is worth more room than the keyboard
      await this.viewer.edit({
        prompt, state: this.stateName || null, editor: this.editor.querySelector("select").value || null,
        negative: this.negative.value.trim(), intensity: Number(this.intensity.value), seed: whole(this.seed) ?? 0,
        views: whole(this.views), frames: whole(this.frames),
      });
    } catch (error) {
      this.#complain(error.message);
    } finally {
      this.sending = false;
      this.update();
    }
  }

  #complain(text) {
    this.problem.textContent = capitalised(text);
    this.problem.hidden = !text;
  }

  #listEditors() {
    const box = this.editor.querySelector("select"), { editors, defaultEditor } = this.viewer.editing;
    const chosen = box.value || defaultEditor?.name;
    box.replaceChildren(...editors.map((editor) => el("option", { value: editor.name, text: editor.ready ? editor.title : `${editor.title} (not ready)` })));
    if (chosen) box.value = chosen;
    this.#editorChosen();
  }

  #editorChosen() {
    const editor = this.viewer.editing.editors.find(({ name }) => name === this.editorName);
    this.editorNote.textContent = editor?.note ?? "";
    this.editorNote.hidden = !editor?.note;
    this.editorNote.dataset.tone = editor && !editor.ready ? "warn" : "";
    this.reading.editorChanged();
    this.update();
  }

  /** Why nothing can be made now; nothing if it can. */
  #obstacle() {
    const { viewer } = this;
    if (viewer.connection.state !== "live") return "Not connected: nothing can be made until the server is back.";
    if (!viewer.editing.available) return "This server only shows avatars; it was started without editing.";
    if (!viewer.avatar) return "Waiting for an avatar.";
    return "";
  }

  update() {
    const obstacle = this.#obstacle(), { viewer } = this;
    this.fields.disabled = obstacle !== "";
    this.reason.textContent = obstacle;
    this.reason.hidden = !obstacle;
    const editor = viewer.editing.editors.find(({ name }) => name === this.editorName);
    const name = this.stateName;
    const exists = viewer.states.some((state) => state.name === name || stateLabel(state.name) === name);
    const busy = name !== "" && viewer.editing.isBusy(name, viewer.info?.slot ?? -1);
    this.make.disabled = this.sending || !this.text.value.trim() || editor?.ready === false || busy;
    this.make.querySelector("span").textContent = this.sending ? "Asking …" : busy ? "In work" : exists ? "Remake" : "Make";
    this.make.title = busy ? `${stateLabel(name)} is being made` : exists ? `Makes ${stateLabel(name)} anew; the present one stays in its history` : `Make (${MAC ? "⌘" : "Ctrl"}+Enter)`;
  }
}
