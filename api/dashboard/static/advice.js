/** Recommended pipelines as a ranked list. */

import { h, table } from "./dom.js";
import { words } from "./format.js";

const BASIS = { expert: "From the literature: there is no finished job to learn from yet.", history: "From the jobs of this service." };

/** A share in per cent; one that rounds to nothing has no sign. */
const percent = (share) => `${(100 * share).toFixed(0).replace(/^-0$/, "0").replace("-", "−")} %`;

const signed = (share) => {
  const size = Math.abs(100 * share).toFixed(1);
  return `${Number(size) === 0 ? "" : share < 0 ? "−" : "+"}${size}`;
};

/** An exchange is evident, or past tasks do not tell. */
function evidence({ evident, interval, reason }) {
  const why = interval ? "the interval contains 0" : "too few past datasets tried both kinds";
  return h("div", { class: "wrap" }, evident ? null : h("span", { class: "quiet" }, `No evidence: ${why}. `), h("small", {}, reason));
}

/** The way from the default to a pipeline, an exchanged component a row. */
const steps = (components, path, name) => h("details", {}, h("summary", {}, `From the default pipeline in ${path.length} ${path.length === 1 ? "step" : "steps"}`),
  h("p", { class: "quiet" }, "The experts’ first pipeline with one component exchanged at a time, the most rewarding first. Gains are in % of the gap from a middling pipeline to the best, as past tasks let expect. They are cautious, as the experts’ list counts as tasks on which nothing was gained, so that an interval, which is where the gain lay on past tasks that tried both kinds, may lie beyond it."),
  table(`From the default pipeline to ${name}`, [
    { name: "Exchange", cell: ({ slot, component }) => [words(slot), components.isChoice(slot) && [" → ", components.kind(slot, component.kind)], h("small", {}, components.settings(slot, component))] },
    { name: "Predicted gain", num: true, cell: ({ gain, interval, level, evident }) => [h("span", { class: evident ? (gain > 0 ? "good" : "warn") : "quiet" }, `${signed(gain)} %`), interval && h("small", {}, `${signed(interval[0])} to ${signed(interval[1])} % (${percent(level)})`)] },
    { name: "Past datasets", cell: evidence },
  ], path, { stack: true }));

/** What would change the answer: each change with the pipeline that would come first. */
export const otherwise = (components, found) => h("section", { class: "card", "aria-labelledby": "otherwise-title" },
  h("h2", { id: "otherwise-title" }, "What would change the answer"),
  found.length ? h("ul", { class: "advice" }, found.map(({ when, slots, pipeline }) => h("li", {},
    h("p", {}, h("strong", {}, `${words(when)}:`), ` another pipeline would come first. It differs in ${slots.map((s) => words(s).toLowerCase()).join(", ")}.`),
    h("div", { class: "kinds" }, components.brief(pipeline)))))
    : h("p", { class: "quiet" }, "No other size that was tried: up to a hundred times more or fewer training examples, half or twice the student’s layers."));

/** One advice; `control` is what the page puts beside it. */
export const adviceItem = (components, { pipeline, reason, expected, interval, tried, path = [] }, rank, control) => h("li", {},
  h("div", { class: "kinds" }, h("span", {}, h("span", { class: "rank" }, rank), control), components.brief(pipeline)),
  reason && h("p", {}, reason),
  tried != null && h("p", {}, `In a short trial on this dataset it reached ${tried.toFixed(4)} on dev.`),
  expected != null && h("p", { class: "quiet" }, `Expected to close ${percent(expected)} of the gap from a middling pipeline to the best${interval ? ` (advice in this place closed ${percent(interval[0])} to ${percent(interval[1])} of it on past datasets)` : ""}.`),
  path.length > 0 && steps(components, path, `pipeline ${rank.replace(".", "")}`),
  expected != null && !path.length && h("p", { class: "quiet" }, "It is the default pipeline itself."),
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
