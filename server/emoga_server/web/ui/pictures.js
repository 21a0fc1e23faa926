/** The edited pictures of a job as they arrive: one pair large, the others as a row to choose from. */
import { arrange, el } from "./dom.js";

export class Pictures {
  constructor() {
    /** @type {number|null} index chosen by hand */
    this.chosen = null;
    /** What is shown large unless one is chosen: the newest, and once all are there the first, which is frontal. */
    this.standard = -1;
    this.key = "";
    /** @type {Map<number, any>} */
    this.thumbs = new Map();
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
    this.strip.addEventListener("pointerleave", () => this.#enlarge(this.chosen ?? this.standard));
    this.strip.addEventListener("click", (event) => {
      const index = indexOf(event);
      if (index === null) return;
      this.chosen = this.chosen === index ? null : index;
      this.#enlarge(index);
      this.#mark();
    });
  }

  /**
   * @param {(import("../jobs.js").JobPicture|undefined)[]} pictures by index; not all need be there
   * @param {boolean} complete whether no more will come
   */
  show(pictures, complete) {
    const key = `${complete}|${pictures.map((picture) => picture?.after ?? "").join("|")}`;
    if (key === this.key) return;
    this.key = key;
    const there = pictures.filter((picture) => picture !== undefined);
    const fresh = there.filter((picture) => picture.after !== this.pictures[picture.index]?.after);
    this.pictures = [...pictures];
    for (const picture of fresh) this.thumbs.set(picture.index, thumbOf(picture));
    arrange(this.strip, there.map((picture) => this.thumbs.get(picture.index)));
    this.element.hidden = !there.length;
    this.strip.hidden = there.length < 2;
    const standard = complete ? there[0] : fresh[fresh.length - 1];
    if (standard) this.standard = standard.index;
    this.#enlarge(this.chosen ?? this.standard);
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

/** @param {import("../jobs.js").JobPicture} picture */
function thumbOf({ index, count, name, after }) {
  return el("button", { type: "button", class: "thumb", "data-index": index, title: name,
    "aria-label": `Picture ${index + 1} of ${count}: show before and after` }, el("img", { src: after, alt: "" }));
}

function indexOf(event) {
  const thumb = /** @type {HTMLElement} */ (event.target).closest(".thumb");
  return thumb ? Number(/** @type {HTMLElement} */ (thumb).dataset.index) : null;
}
