/** What lies behind one emotion: the words it was made from, its versions, another name, its removal. */
import { capitalised, stateLabel, whenWords } from "../words.js";
import { el, reveal } from "./dom.js";

export class StateDetails {
  /**
   * @param {import("../viewer.js").Viewer} viewer
   * @param {any} state entry of the manifest
   * @param {{remake: (values: {prompt: string, name: string}) => void, close: () => void}} parts
   */
  constructor(viewer, state, { remake, close }) {
    this.viewer = viewer;
    this.state = state;
    this.remake = remake;
    this.closed = close;
    this.versions = el("ol", { class: "versions", "aria-label": `Versions of ${stateLabel(state.name)}` });
    this.problem = el("p", { class: "problem", role: "alert", hidden: true });
    this.foot = el("div", { class: "details-foot" });
    this.element = el("div", { class: "details", role: "group", "aria-label": `About ${stateLabel(state.name)}` }, this.versions, this.problem, this.foot);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      if (this.asking) this.#showActions();
      else this.closed();
    });
    this.#showActions();
    this.load();
  }

  /** Follows a change of the state. @param {any} state */
  update(state) {
    const changed = state.blob.sha256 !== this.state.blob.sha256;
    this.state = state;
    if (changed) this.load();
  }

  async load() {
    const ticket = (this.ticket = {});
    try {
      const versions = await this.viewer.history(this.state.name);
      if (ticket !== this.ticket) return;
      const first = !this.versions.children.length;
      this.#showVersions(versions);
      if (first) reveal(this.element);
    } catch (error) {
      if (ticket === this.ticket) this.#complain(error.message);
    }
  }

  #showVersions(versions) {
    this.versions.replaceChildren(...versions.map((version) => {
      const when = whenWords(version.time);
      const facts = [version.editor, when].filter(Boolean).join(" · ");
      const words = version.prompt ? `“${version.prompt}”` : "Not made from words";
      return el("li", { class: "version", "data-current": version.current },
        el("div", { class: "version-words" }, el("p", { class: "version-prompt", text: words, title: version.prompt }), facts ? el("p", { class: "version-facts", text: facts }) : null),
        version.current ? el("span", { class: "version-now", text: "in use" })
          : el("button", { type: "button", class: "small-button", text: "Revert", "aria-label": `Revert to version ${version.version}${when && `, ${when}`}`,
            on: { click: (event) => this.#do(event.currentTarget, () => this.viewer.revert(this.state.name, version.version)) } }));
    }));
  }

  #showActions() {
    this.asking = false;
    const button = (text, action, tone = "") => el("button", { type: "button", class: `small-button ${tone}`, text, on: { click: action } });
    this.foot.replaceChildren(
      button("Describe anew", () => this.remake({ prompt: this.state.prompt, name: this.state.name })),
      button("Rename", () => this.#askName()), button("Delete", () => this.#askDelete(), "danger"));
  }

  #askName() {
    this.asking = true;
    const field = el("input", { type: "text", class: "field", "aria-label": "New name", value: this.state.name, maxlength: 64, autocomplete: "off", spellcheck: "false" });
    const save = el("button", { type: "submit", class: "small-button strong", text: "Save" });
    const form = el("form", { class: "details-ask" }, field, save, el("button", { type: "button", class: "small-button", text: "Keep", on: { click: () => this.#showActions() } }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = field.value.trim();
      if (!name || name === this.state.name) return this.#showActions();
      this.#do(save, () => this.viewer.renameState(this.state.name, name), false);
    });
    this.foot.replaceChildren(form);
    field.focus();
    field.select();
  }

  #askDelete() {
    this.asking = true;
    const remove = el("button", { type: "button", class: "small-button danger strong", text: "Delete",
      on: { click: () => this.#do(remove, () => this.viewer.deleteState(this.state.name), false) } });
    const keep = el("button", { type: "button", class: "small-button", text: "Keep", on: { click: () => this.#showActions() } });
    this.foot.replaceChildren(el("p", { class: "details-question", text: `Delete ${stateLabel(this.state.name)} and its history, for everybody?` }), remove, keep);
    keep.focus();
  }

  /** @param {boolean} [stays] whether the state is still there under its name afterwards */
  async #do(button, action, stays = true) {
    button.disabled = true;
    this.#complain("");
    try {
      await action();
      this.#showActions();
      if (stays) await this.load();
    } catch (error) {
      this.#complain(error.message);
    } finally {
      button.disabled = false;
    }
  }

  #complain(text) {
    this.problem.textContent = capitalised(text);
    this.problem.hidden = !text;
    if (text) reveal(this.element);
  }
}
