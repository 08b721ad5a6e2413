/** A job's overview: results, how the search goes, and what happens now. */

import { get } from "./api.js";
import { catalogue } from "./components.js";
import { $, given, h, notice, show } from "./dom.js";
import { eventLine } from "./events.js";
import { better, duration, words } from "./format.js";
import { head } from "./head.js";
import { drawCurves, drawHistory } from "./job_charts.js";
import { tiles } from "./job_tiles.js";
import { calmly, listen } from "./live.js";
import { registered, studentName } from "./names.js";
import { isTerminal } from "./state.js";

const id = given().job;
const shown = { teacher: {}, job: null, curves: null };
const SHOWN_EVENTS = 60;

function message(job) {
  if (job.state === "failed") {
    return notice("bad", h("p", {}, h("strong", {}, "The job failed. "), job.message),
      h("p", {}, h("a", { href: `/jobs/new?from=${job.id}` }, "Change what is wrong and start it again"), ", or look at its ", h("a", { href: `/jobs/${job.id}/trials` }, "trials"), "."));
  }
  if (job.state === "cancelling" || (job.wish === "cancel" && !isTerminal(job))) return notice("warn", "Cancelling: running trials stop after their epoch.");
  if (job.state === "paused") return notice("warn", "Paused: nothing runs and nothing is lost. Resume to go on where it stopped.");
  if (job.wish === "pause" && !isTerminal(job)) return notice("warn", "Pausing: running trials save a checkpoint after their epoch, then stop.");
  if (job.state === "queued") return notice("", "Waiting for a worker to take this job.");
  if (job.state === "preparing") return notice("", "Preparing: the teacher is readied and its outputs are stored, once for all trials.");
  if (job.state === "finalising") return notice("", "Finalising: the winner and plain fine-tuning are trained again with fresh seeds, to tell a gain from luck.");
  return job.message ? notice("", job.message) : null;
}

async function winner(job) {
  if (!job.best) return h("p", { class: "pending" }, isTerminal(job) ? "No pipeline that distils was finished." : "No pipeline that distils has finished yet.");
  const number = job.result?.best.trial ?? job.best.number;
  const [trial, components, { name }] = await Promise.all([get(`/v1/jobs/${id}/trials/${number}`), catalogue(), registered()]);
  return [
    h("p", {}, h("a", { href: `/jobs/${id}/trials/${number}` }, `Trial ${number}`), ` · student ${studentName(trial.spec.student, name)}`),
    components.inWords(trial.spec.pipeline),
  ];
}

function asked(job, name) {
  const { spec } = job;
  const facts = [
    ["Dataset", name(spec.dataset)], ["Teacher", `${name(spec.teacher.model)}, ${words(spec.teacher.preparation.kind).toLowerCase()}`],
    ["Objectives", spec.objectives.map((o) => o.metric).join(", ")],
    ["Budget", `${spec.budget.num_trials} trials of at most ${spec.budget.max_epochs} epochs${spec.budget.timeout_s ? `, ${duration(spec.budget.timeout_s)} of search` : ""}`],
    ["Search", `${spec.search.sampler.toUpperCase()}, ${spec.search.early_stopping ? "with" : "without"} early stopping, seed ${spec.seed}`],
    ["Side by side", `${spec.parallelism} trials`], ["Confirmation", `${spec.confirmation_seeds} fresh seeds`],
  ];
  return [h("dl", { class: "pipeline" }, facts.map(([term, said]) => [h("dt", {}, term), h("dd", {}, said)])),
    h("details", {}, h("summary", {}, "Everything as JSON"), h("pre", { tabindex: 0 }, JSON.stringify(spec, null, 2)))];
}

function draw() {
  const { job, curves, teacher, name } = shown;
  head(job, name, refresh, [
    job.result && h("a", { class: "button primary", href: `/v1/jobs/${id}/student`, download: true }, "Download student"),
    h("a", { class: "button", href: `/jobs/new?from=${id}` }, "Clone"),
  ]);
  show("#message", message(job));
  show("#tiles", tiles(job, curves, teacher));
  drawHistory($("#history"), job, curves, teacher);
  drawCurves($("#curves"), job, curves);
}

async function refresh() {
  const [job, curves] = await Promise.all([get(`/v1/jobs/${id}`), get(`/v1/jobs/${id}/curves`)]);
  const best = shown.job && [shown.job.best?.number, shown.job.state].join();
  Object.assign(shown, { job, curves });
  draw();
  if (best !== [job.best?.number, job.state].join()) show("#winner", await winner(job));
}

/** The teacher's score is at the start of the log before it is in the result. */
function learnOfTeacher({ kind, data }) {
  if (kind === "job.searching") draw();
  if (kind !== "prepare") return kind === "job.searching";
  for (const [name, value] of Object.entries(data)) {
    const of = name.replace(/^dev\//, "");
    if (of !== name && !(better(of, value, shown.teacher[name]) <= 0)) shown.teacher[name] = value;
  }
  return false;
}

function heard(event) {
  const list = $("#activity");
  list.prepend(eventLine(event, id, shown.curves?.metric));
  while (list.children.length > SHOWN_EVENTS) list.lastChild.remove();
  soon();
}

const soon = calmly(() => refresh().catch(() => {}));

try {
  shown.name = (await registered()).name;
  await refresh();
  show("#asked", asked(shown.job, shown.name));
  const light = $("#live");
  listen(id, {
    last: SHOWN_EVENTS, heard,
    status: (up) => {
      light.className = up ? "live" : "live off";
      light.textContent = isTerminal(shown.job) ? "" : up ? "● live" : "○ reconnecting";
    },
  });
  if (!shown.job.result) {
    const enough = listen(id, { heard: (event) => { if (learnOfTeacher(event)) enough(); } });
  }
} catch (error) {
  show("#message", notice("bad", h("p", {}, error.message), h("p", {}, h("a", { href: "/" }, "All jobs"))));
  show("#tiles");
  for (const part of document.querySelectorAll(".columns > section")) part.hidden = true;
}
