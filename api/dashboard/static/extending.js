/** A larger budget for a job that has ended or is paused. */

import { h, posed } from "./dom.js";

/** Ask for how many trials; resolves to the request, or to null when it was left. */
export async function moreTrials(job) {
  const { num_trials: had, timeout_s: limit } = job.spec.budget;
  const trials = h("input", { id: "more-trials", type: "number", min: had + 1, max: 100_000, step: 1, value: 2 * had, required: true });
  const seconds = limit && h("input", { id: "more-seconds", type: "number", min: Math.ceil(limit) + 1, step: 1, placeholder: String(limit) });
  const agreed = await posed("Extend the job", "Extend",
    h("p", {}, "The search goes on as if it had had the larger budget from the start; what has run stays."),
    h("div", { class: "field" }, h("label", { for: "more-trials" }, `Trials in all, more than ${had.toLocaleString("en")}`), trials),
    seconds && h("div", { class: "field" }, h("label", { for: "more-seconds" }, `Seconds of search in all, more than ${limit}; empty leaves the limit`), seconds));
  if (!agreed) return null;
  return { num_trials: Number(trials.value), ...(seconds?.value && { timeout_s: Number(seconds.value) }) };
}
