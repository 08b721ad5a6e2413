/** What is said of a job's state, and what it was asked to do. */

import { h, notice } from "./dom.js";
import { duration, limit, metricName, words } from "./format.js";
import { labelOf } from "./names.js";
import { isTerminal } from "./state.js";

export function message(job) {
  if (job.state === "failed") {
    return notice("bad", h("p", {}, h("strong", {}, "The job failed. "), job.message),
      h("p", {}, h("a", { href: `/jobs/new?from=${job.id}` }, "Change what is wrong and start it again"), ", run its failed trials once more, or look at its ", h("a", { href: `/jobs/${job.id}/timeline` }, "timeline"), "."));
  }
  if (job.state === "cancelling" || (job.wish === "cancel" && !isTerminal(job))) return notice("warn", "Cancelling: running trials stop after their epoch.");
  if (job.state === "paused") return notice("warn", "Paused: nothing runs and nothing is lost. Resume to go on where it stopped.");
  if (job.wish === "pause" && !isTerminal(job)) return notice("warn", "Pausing: running trials save a checkpoint after their epoch, then stop.");
  if (job.state === "cancelled") return notice("", `Cancelled: what had finished is kept, and ${job.spec.tryout ? "orders what is recommended for this dataset" : "the recommender learns from it"}.`);
  return job.message ? notice("", job.message) : null;
}

export function asked(job, name) {
  const { spec } = job;
  const facts = [
    ["Dataset", h("a", { href: `/datasets/${spec.dataset}` }, name(spec.dataset))], ["Teacher", `${name(spec.teacher.model)}, ${words(spec.teacher.preparation.kind).toLowerCase()}`],
    ["Project", spec.project],
    ["Tryout", spec.tryout && ["Short trials that order ", h("a", { href: `/recommend?${new URLSearchParams({ dataset: spec.dataset, teacher: spec.teacher.model, student: labelOf(spec.students[0]) })}` }, "what is recommended"), "; no other job learns from them"]],
    ["Objectives", spec.objectives.map((o) => metricName(o.metric)).join(", ")],
    ...(spec.limits.length ? [["Limits", spec.limits.map(limit).join(", ")]] : []),
    ["Budget", `${spec.budget.num_trials.toLocaleString("en")} trials of at most ${spec.budget.max_epochs} epochs${spec.budget.timeout_s ? `, ${duration(spec.budget.timeout_s)} of search` : ""}${spec.budget.patience ? `, ${spec.budget.patience} in a row without a better one` : ""}${spec.budget.min_gain ? `, ended where as many again promise less than ${spec.budget.min_gain}` : ""}`],
    ["Search", `${spec.search.sampler === "transfer" ? "Transfer from other jobs" : spec.search.sampler.toUpperCase()}, ${spec.search.early_stopping ? "with" : "without"} early stopping, seed ${spec.seed}`],
    ["Side by side", `${spec.parallelism} trials`], ["Confirmation", `${spec.confirmation_seeds} fresh ${spec.confirmation_seeds === 1 ? "seed" : "seeds"}`],
    ["Measured besides", spec.probes.map(metricName).join(", ")],
  ].filter(([, said]) => said);
  return [h("dl", { class: "pipeline" }, facts.map(([term, said]) => [h("dt", {}, term), h("dd", {}, said)])),
    h("details", {}, h("summary", {}, "Everything as JSON"), h("pre", { tabindex: 0 }, JSON.stringify(spec, null, 2)))];
}
