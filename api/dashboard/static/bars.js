/** A ranked list of shares as bars, read by everyone as a table. */

import { h, s } from "./dom.js";

/** `items` are {name, share, note, style}; `share` is between 0 and 1. */
export function bars(caption, items) {
  const most = Math.max(...items.map((i) => i.share), 1e-9);
  return h("table", { class: "bars", "aria-label": caption }, h("tbody", {}, items.map(({ name, share, note, style = "k0" }) => h("tr", {},
    h("th", { scope: "row" }, name),
    h("td", { class: "num" }, `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`),
    h("td", { class: "draws", "aria-hidden": "true" }, s("svg", { class: "share", viewBox: "0 0 100 8", preserveAspectRatio: "none" }, s("rect", { class: style, width: (100 * share) / most, height: 8, rx: 1 })), note && h("small", {}, note))))));
}
