/** The best score so far as a line without axes. */

import { s } from "./dom.js";

export function spark(values, said) {
  if (values.length < 2) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const at = values.map((v, i) => `${((96 * i) / (values.length - 1)).toFixed(1)} ${(20 - (16 * (v - low)) / (high - low || 1)).toFixed(1)}`);
  return s("svg", { class: "spark", viewBox: "-2 0 100 24", width: 100, height: 24, role: "img", "aria-label": said }, s("path", { d: `M${at.join("L")}` }));
}
