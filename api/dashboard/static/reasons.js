/** Why something failed: its message, and the tail of its log where there is more. */

import { h } from "./dom.js";

export function reason(text) {
  const lines = text.trim().split("\n");
  if (lines.length === 1) return h("span", { class: "wrap" }, lines[0] || "no message");
  return [h("span", { class: "wrap" }, lines.at(-1)), h("details", {}, h("summary", {}, "Log tail"), h("pre", { tabindex: 0, "aria-label": "Log tail" }, text.trim()))];
}
