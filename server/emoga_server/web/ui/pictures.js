/** The edited pictures of a job as they arrive: one pair large, the others as a row to choose from. */
import { el } from "./dom.js";

export class Pictures {
  constructor() {
    /** @type {number|null} index chosen by hand; else the newest is shown */
    this.chosen = null;
    this.newest = -1;
    this.key = "";
    /** @type {(import("../jobs.js").JobPicture|undefined)[]} */
    this.pictures = [];
    this.before = el("img", { alt: "" });
    this.after = el("img", { alt: "" });
    this.pair = el("div", { class: "pair" },
      el("figure", {}, this.before, el("figcaption", { text: "before" })), el("figure", {}, this.after, el("figcaption", { text: "after" })));
    this.strip = el("div", { class: "strip", role: "group", "aria-label": "Edited pictures" });
    this.element = el("div", { class: "pictures", hidden: true }, this.pair, this.strip);
    this.strip.addEventListener("pointerover", (event) => this.#hover(event));
    this.strip.addEventListener("focusin", (event) => this.#hover(event));
    this.strip.addEventListener("pointerleave", () => this.#enlarge(this.chosen ?? this.newest));
    this.strip.addEventListener("click", (event) => {
      const index = indexOf(event);
      if (index === null) return;
      this.chosen = this.chosen === index ? null : index;
      this.#enlarge(index);
      this.#mark();
    });
  }

  /**
   * @param {(import("../jobs.js").JobPicture|undefined)[]} pictures by index
   * @param {number} total how many there will be
   */
  show(pictures, total) {
    const key = `${total}|${pictures.map((picture) => picture?.after ?? "").join("|")}`;
    if (key === this.key) return;
    this.key = key;
    const fresh = pictures.findLastIndex((picture, i) => picture && picture.after !== this.pictures[i]?.after);
    this.pictures = [...pictures];
    if (fresh >= 0) this.newest = fresh;
    this.element.hidden = !pictures.some(Boolean);
    this.strip.hidden = pictures.filter(Boolean).length < 2;
    pictures.forEach((picture, i) => {
      const there = this.strip.children[i] ?? this.strip.appendChild(el("button", { type: "button", class: "thumb", "data-index": i, disabled: true }));
      if (!picture || there.dataset.address === picture.after) return;
      there.dataset.address = picture.after;
      there.disabled = false;
      there.setAttribute("aria-label", `Picture ${i + 1} of ${picture.count}: show before and after`);
      there.title = picture.name;
      there.replaceChildren(el("img", { src: picture.after, alt: "" }));
    });
    if (fresh >= 0) this.#enlarge(this.chosen ?? this.newest);
    this.#mark();
  }

  #hover(event) {
    const index = indexOf(event);
    if (index !== null) this.#enlarge(index);
  }

  #enlarge(index) {
    const picture = this.pictures[index];
    if (!picture) return;
    this.before.src = picture.before;
    this.after.src = picture.after;
    this.before.alt = `${picture.name || `Picture ${index + 1}`} before the edit`;
    this.after.alt = `${picture.name || `Picture ${index + 1}`} after the edit`;
  }

  #mark() {
    for (const thumb of this.strip.children) {
      thumb.setAttribute("aria-pressed", String(Number(/** @type {HTMLElement} */ (thumb).dataset.index) === this.chosen));
    }
  }
}

function indexOf(event) {
  const thumb = /** @type {HTMLElement} */ (event.target).closest(".thumb:not(:disabled)");
  return thumb ? Number(/** @type {HTMLElement} */ (thumb).dataset.index) : null;
}
