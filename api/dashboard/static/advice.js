/** Recommended pipelines as a ranked list. */

import { h } from "./dom.js";

const BASIS = { expert: "From the literature: there is no finished job to learn from yet.", history: "From the jobs of this service." };

const percent = (share) => `${(100 * share).toFixed(0)} %`;

/** One advice; `control` is what the page puts beside it. */
export const adviceItem = (components, { pipeline, reason, expected, interval }, rank, control) => h("li", {},
  h("div", { class: "kinds" }, h("span", {}, h("span", { class: "rank" }, rank), control), components.brief(pipeline)),
  reason && h("p", {}, reason),
  expected != null && h("p", { class: "quiet" }, `Expected to close ${(100 * expected).toFixed(0)} % of the gap from a middling pipeline to the best${interval ? ` (advice in this place closed ${percent(interval[0])} to ${percent(interval[1])} of it on past datasets)` : ""}.`),
  h("details", {}, h("summary", {}, "The pipeline in words"), components.inWords(pipeline)));

export const basis = (recommendation) => h("p", { class: "quiet" }, recommendation.message || BASIS[recommendation.basis]);

/** The part of an address that carries pipelines to try first. */
export const carried = (pipelines) => `#start=${encodeURIComponent(JSON.stringify(pipelines))}`;
export function handedOver() {
  try {
    return JSON.parse(decodeURIComponent(location.hash.replace(/^#start=/, ""))) ?? [];
  } catch {
    return [];
  }
}
