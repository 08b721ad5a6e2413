/** Elements without HTML strings: children become text nodes, so whatever a user typed stays text. */

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

const sign = (element) => element.getAttribute("aria-label") ?? element.getAttribute("href") ?? element.textContent;

/** Replace what `place` (an element or a selector) holds; what has the focus keeps it. */
export function show(place, ...children) {
  const element = typeof place === "string" ? $(place) : place;
  const held = element.contains(document.activeElement) ? sign(document.activeElement) : null;
  element.removeAttribute("aria-busy");
  element.replaceChildren(...children.flat(Infinity).filter((child) => child != null && child !== false));
  if (held !== null) $$("a, button, [tabindex]", element).find((e) => sign(e) === held)?.focus();
}

/** What the template handed over on <main>. */
export const given = () => $("#main").dataset;

/** A table in a box that scrolls sideways; `columns` are {name, cell, num} and may
 * `draw` their heading and say how they are sorted (`on`); the first cell heads its row.
 * With `stack`, rows become blocks where the page is narrow. */
export function table(caption, columns, rows, { rowClass = () => null, stack = false } = {}) {
  const cell = ({ name, cell: draw, num }, row, first) =>
    h(first ? "th" : "td", { class: num && "num", scope: first && "row", "data-name": stack && name }, h("div", {}, draw(row)));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", { class: stack && "stack" },
      h("thead", {}, h("tr", {}, columns.map(({ name, num, draw, on }) => h("th", { scope: "col", class: num && "num", "aria-sort": on || null }, draw ?? name)))),
      h("tbody", {}, rows.map((row) => h("tr", { class: rowClass(row) }, columns.map((c, i) => cell(c, row, i === 0)))))));
}

export const notice = (kind, ...children) => h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : null }, ...children);

/** Say something in passing. */
export function toast(kind, text) {
  const element = notice(kind, text);
  $("#toasts").append(element);
  setTimeout(() => element.remove(), 6000);
}

/** Pose a question in a dialog with a form; resolves to whether it was answered with `act`. */
export function posed(question, act, ...children) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-label": question, close: () => { resolve(dialog.returnValue === "yes"); dialog.remove(); } },
      h("form", { method: "dialog" },
        h("h2", {}, question), children,
        h("div", { class: "actions" },
          h("button", { value: "no", formnovalidate: true }, "Leave it"),
          h("button", { value: "yes", class: children.length ? "primary" : "danger" }, act))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask before something that cannot be taken back; resolves to whether it was agreed to. */
export const agreed = (question, act) => posed(question, act);

/** Copy `text`; where the browser has no clipboard (plain HTTP), show it to be copied by hand. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast("good", `${what} copied.`);
  } catch {
    const dialog = h("dialog", { "aria-label": what, close: () => dialog.remove() },
      h("form", { method: "dialog" }, h("p", {}, what), h("pre", { tabindex: 0 }, text),
        h("div", { class: "actions" }, h("button", {}, "Close"))));
    document.body.append(dialog);
    dialog.showModal();
    getSelection().selectAllChildren($("pre", dialog));
  }
}
