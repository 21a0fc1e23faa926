/** Making elements without markup strings: nothing from the network is ever parsed as HTML. */

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties] `class`, `text`, `on` (listeners), `style` (custom properties), else attributes
 * @param {...(Node|string|null)} children
 * @returns {any}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "text") element.textContent = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === "style") for (const [key, setting] of Object.entries(value)) element.style.setProperty(key, String(setting));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** @returns {any} */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Outlines on a 24 x 24 grid. */
const ICONS = {
  camera: ["M4 8.5A1.5 1.5 0 0 1 5.5 7h2l1.4-2h6.2l1.4 2h2A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5z", "M12 16.2a3.4 3.4 0 1 0 0-6.8 3.4 3.4 0 0 0 0 6.8z"],
  record: ["M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z", "M12 14.6a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2z"],
  stop: ["M7 7h10v10H7z"],
  expand: ["M4.5 9.5v-5h5M19.5 9.5v-5h-5M4.5 14.5v5h5M19.5 14.5v5h-5"],
  shrink: ["M9.5 4.5v5h-5M14.5 4.5v5h5M9.5 19.5v-5h-5M14.5 19.5v-5h5"],
  sun: ["M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4"],
  moon: ["M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z"],
  help: ["M9.2 9.2a2.9 2.9 0 1 1 4.3 2.6c-.9.5-1.5 1.1-1.5 2.2", "M12 17.4v.1"],
  target: ["M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z", "M12 3.5v3M12 17.5v3M3.5 12h3M17.5 12h3"],
  play: ["M8 5.5v13l10.5-6.5z"],
  pause: ["M8.5 6v12M15.5 6v12"],
  loop: ["M17 3.5l3 3-3 3", "M4 11.5v-1a4 4 0 0 1 4-4h12", "M7 20.5l-3-3 3-3", "M20 12.5v1a4 4 0 0 1-4 4H4"],
  chevron: ["M6 9.5l6 6 6-6"],
  more: ["M6 12h.01M12 12h.01M18 12h.01"],
  spark: ["M12 4.2l1.7 5.1 5.1 1.7-5.1 1.7L12 17.8l-1.7-5.1L5.2 11l5.1-1.7z", "M18.6 16.4v3.2M17 18h3.2"],
  wipe: ["M12 3.5v17", "M9 6.5H5.5A1.5 1.5 0 0 0 4 8v8a1.5 1.5 0 0 0 1.5 1.5H9", "M15 6.5h3.5A1.5 1.5 0 0 1 20 8v8a1.5 1.5 0 0 1-1.5 1.5H15"],
  arrows: ["M9.5 8l-4 4 4 4M14.5 8l4 4-4 4"],
  close: ["M6 6l12 12M18 6 6 18"],
};

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  const shape = svg("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": 1.7,
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" });
  for (const d of ICONS[name]) shape.append(svg("path", { d }));
  return shape;
}

/**
 * @param {keyof typeof ICONS} name
 * @param {string} label said by screen readers and shown as a tooltip
 * @param {() => void} action
 */
export function iconButton(name, label, action) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: action } }, icon(name));
}

/** Changes an icon button's picture and words. */
export function setIcon(button, name, label) {
  if (button.dataset.icon === name && button.title === label) return;
  button.dataset.icon = name;
  button.setAttribute("aria-label", label);
  button.title = label;
  button.replaceChildren(icon(name));
}

/**
 * @param {string} label
 * @param {[string, string][]} options value, text
 * @param {(value: string) => void} choose
 * @param {string} [style] extra class
 */
export function select(label, options, choose, style = "") {
  const box = el("select", { "aria-label": label, title: label, on: { change: () => choose(box.value) } },
    ...options.map(([value, text]) => el("option", { value, text })));
  return el("span", { class: `select ${style}` }, box, icon("chevron"));
}

/**
 * @param {string} label
 * @param {[string, string][]} options
 * @param {string} value
 * @param {(value: string) => void} choose
 */
export function segmented(label, options, value, choose) {
  const name = `choice-${label.toLowerCase().replaceAll(" ", "-")}`;
  return el("div", { class: "segmented", role: "radiogroup", "aria-label": label },
    ...options.map(([option, text]) => el("label", {},
      el("input", { type: "radio", name, value: option, checked: option === value, on: { change: () => choose(option) } }),
      el("span", { text }))));
}

/** Checks one option of `segmented` without telling anybody. */
export function setSegmented(group, value) {
  const input = group.querySelector(`input[value="${value}"]`);
  if (input) input.checked = true;
}

/** Gives a parent these children in this order; those that stay in place keep focus and pointer. */
export function arrange(parent, children) {
  for (const child of [...parent.children]) if (!children.includes(child)) child.remove();
  let next = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

/**
 * Scrolls the panel, and nothing but the panel, until an element in it is seen.
 * @param {HTMLElement} element
 * @param {{top?: boolean}} [how] top: as its first line
 */
export function reveal(element, { top = false } = {}) {
  const panel = element.closest(".panel");
  if (!panel) return;
  const box = element.getBoundingClientRect(), view = panel.getBoundingClientRect();
  const above = box.top - view.top - 10, below = box.bottom - view.bottom + 38; // the fade at the panel's end
  if (top || above < 0) panel.scrollTop += above;
  else if (below > 0) panel.scrollTop += Math.min(above, below);
}
