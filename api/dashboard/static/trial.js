/** One trial: its pipeline, its scores and its curves. */

import { get } from "./api.js";
import { plot } from "./chart.js";
import { catalogue } from "./components.js";
import { confusionTable } from "./confusion.js";
import { $, copy, given, h, notice, show, table } from "./dom.js";
import { ago, axis, duration, exactly, isFidelity, meaning, metric, metricName, number, words } from "./format.js";
import { calmly, listen } from "./live.js";
import { registered, studentName } from "./names.js";
import { reason } from "./reasons.js";
import { badge, isTerminal, jobName, trialActions } from "./state.js";
import { downloads } from "./student.js";

const { job: id, number: which } = given();
const FINISHED = new Set(["complete", "pruned", "failed", "cancelled"]);

/** The measured values of one name by epoch. */
const course = (trial, name) => trial.curve.filter((m) => name in m.values).map((m) => [m.epoch, m.values[name]]);
const measured = (trial, prefix) => [...new Set(trial.curve.flatMap((m) => Object.keys(m.values)))].filter((n) => n.startsWith(prefix));

function message(trial) {
  if (trial.state === "failed") return notice("bad", h("strong", {}, "This trial failed. "), reason(trial.reason));
  if (trial.state === "cancelled") return notice("", h("strong", {}, "This trial was stopped. "), "What it had measured stays; it can be run again once its job has ended or is paused.");
  if (trial.state === "pruned") return notice("", "Stopped early: at a third of its epochs it was behind the others, so its time went to better pipelines.");
  return null;
}

function scores(trial) {
  const names = [...new Set([...Object.keys(trial.dev), ...Object.keys(trial.test)])];
  if (!names.length) return h("p", { class: "pending" }, FINISHED.has(trial.state) ? "Nothing was measured." : "They are taken when the trial has finished.");
  return [
    table("Scores at the best epoch", [
      { name: "Metric", cell: (name) => metricName(name) },
      { name: "Dev", num: true, cell: (name) => metric(name, trial.dev[name]) },
      { name: "Test (report only)", num: true, cell: (name) => metric(name, trial.test[name]) },
    ], names),
    h("p", { class: "quiet" }, h("small", {}, "Test scores are for reading: neither the search nor the choice of the winner ever sees them.")),
  ];
}

const devCharts = (trial) => measured(trial, "dev/").map((name, i) => {
  const of = name.slice(4);
  return plot(h("div"), {
    label: `${metricName(of)} on dev by epoch`, height: 180, x: { name: "epoch" }, y: axis(of),
    series: [{ name: metricName(of), colour: i % 8, marks: true, points: course(trial, name) }],
  });
});

const term = (name, i) => {
  const of = name.slice(5);
  return { name: words(of), colour: of === "total" ? "ink" : i % 8, bold: of === "total", marks: true };
};

const lossChart = (trial) => plot(h("div"), {
  label: "Loss terms by epoch", x: { name: "epoch" }, y: { name: "loss", tick: number, format: (v) => number(v) },
  series: measured(trial, "loss/").map((name, i) => ({ ...term(name, i), points: course(trial, name) })),
});

/** Curves of what is neither a loss nor a score: the learning rate, the pace. */
const otherCharts = (trial) => measured(trial, "").filter((name) => !name.includes("/")).map((name, i) => plot(h("div"), {
  label: `${words(name)} by epoch`, height: 160, x: { name: "epoch" }, y: { name: words(name).toLowerCase(), tick: number, format: (v) => number(v) },
  series: [{ name: words(name), colour: i % 8, marks: true, points: course(trial, name) }],
}));

/** How well the student does what its teacher does, and whether its confidence can be believed. */
function fidelity(trial) {
  const known = [...new Set([...Object.keys(trial.dev), ...Object.keys(trial.test)])].filter(isFidelity);
  if (!known.length) return null;
  return table("Fidelity to the teacher", [
    { name: "Fidelity and calibration", cell: (name) => [metricName(name), h("small", { class: "quiet" }, meaning(name))] },
    { name: "Dev", num: true, cell: (name) => metric(name, trial.dev[name]) }, { name: "Test", num: true, cell: (name) => metric(name, trial.test[name]) },
  ], known);
}

const tried = (attempts) => (attempts.length ? table("Attempts", [
  { name: "Attempt", cell: (a) => String(a.attempt) },
  { name: "Outcome", cell: (a) => [badge(a.outcome === "queued" ? "requeued" : a.outcome), a.reason && h("small", { class: "bad" }, reason(a.reason))] },
  { name: "Started", cell: (a) => h("time", { datetime: a.started_at, title: exactly(a.started_at) }, ago(a.started_at)) },
], attempts) : h("p", { class: "pending" }, "It has not started yet."));

/** Where the exported student is, or will be: on the pages of its own trial and of the winner that it confirms. */
function exported(trial, job) {
  if (!job.result) return h("li", { class: "quiet" }, "A student is exported when the job has succeeded.");
  const from = job.result.exported ?? job.result.best.trial;
  if ([from, job.result.best.trial].includes(trial.number)) return downloads(job);
  return h("li", { class: "quiet" }, "The exported student is that of ", h("a", { href: `/jobs/${id}/trials/${from}` }, `trial ${from}`), ".");
}

/** What can be taken from here: the exported student if it is this trial's, the curve, the pipeline. */
function taken(trial, job) {
  const curve = [["epoch", ...measured(trial, "")], ...trial.curve.map((m) => [m.epoch, ...measured(trial, "").map((n) => m.values[n] ?? "")])];
  const csv = `data:text/csv,${encodeURIComponent(curve.map((row) => row.join(",")).join("\r\n"))}`;
  return h("ul", { class: "plain" },
    exported(trial, job),
    trial.curve.length > 0 && h("li", {}, h("a", { href: csv, download: `${id}-trial-${trial.number}.csv` }, "Everything that was measured, as CSV")),
    h("li", {}, h("a", { href: `/v1/jobs/${id}/trials/${trial.number}` }, "This trial as JSON")));
}

/** What its process has said, the newest lines in view. */
function drawLog(text) {
  show("#log", text ? h("pre", { class: "log", tabindex: 0, "aria-label": "Log" }, text) : h("p", { class: "pending" }, "Nothing was said yet."));
  const box = $("#log pre");
  if (box) box.scrollTop = box.scrollHeight;
}

function draw(trial, components, name, job, attempts, confusion, log) {
  show("#state", badge(trial.state));
  const facts = [`Proposed by ${trial.origin === "user" ? "you" : `the ${trial.origin}`}`, `student ${studentName(trial.spec.student, name)}`, `${trial.epochs_done} of ${trial.spec.pipeline.training.num_epochs} epochs`,
    trial.seconds ? duration(trial.seconds) : "", trial.num_attempts > 1 ? `${trial.num_attempts} attempts` : "", `seed ${trial.spec.seed}`, trial.finished_at ? ago(trial.finished_at) : ""];
  show("#subtitle", facts.filter(Boolean).join(" · "));
  show("#message", message(trial));
  document.title = `Trial ${trial.number} of ${jobName(job)} · AutoDistiller`;
  const json = JSON.stringify(trial.spec.pipeline, null, 2);
  show("#pipeline",
    trial.reason && trial.state !== "failed" && h("p", {}, h("strong", {}, "Why: "), trial.reason),
    components.inWords(trial.spec.pipeline),
    h("details", {}, h("summary", {}, "As JSON"), h("pre", { tabindex: 0 }, json)));
  show("#actions",
    trialActions(job, trial, start),
    h("button", { type: "button", click: () => copy(json, "Pipeline") }, "Copy pipeline"),
    h("a", { class: "button primary", href: `/jobs/new?from=${id}#start=${encodeURIComponent(JSON.stringify([trial.spec.pipeline]))}` }, "Start a job from it"));
  show("#scores", scores(trial));
  const waiting = h("p", { class: "pending" }, FINISHED.has(trial.state) ? "No epoch was finished." : "Curves appear with the first epochs.");
  show("#dev", trial.curve.length ? devCharts(trial) : waiting);
  show("#loss", trial.curve.length ? lossChart(trial) : waiting.cloneNode(true));
  show("#other", trial.curve.length ? otherCharts(trial) : waiting.cloneNode(true));
  $("#confusion").closest("section").hidden = !confusion.counts;
  if (confusion.counts) show("#confusion", confusionTable(confusion));
  show("#fidelity", fidelity(trial) ?? h("p", { class: "pending" }, "It is measured with the scores."));
  show("#attempts", tried(attempts));
  show("#files", taken(trial, job));
  drawLog(log.text);
  document.querySelector("#parts").removeAttribute("aria-busy");
}

/** The attempts of this trial, from the stretch of the log that holds them. */
async function attemptsOf(trial) {
  if (!trial.num_attempts) return [];
  let before = null;
  for (let looked = 0; looked < 3; looked += 1) {
    const found = await get(`/v1/jobs/${id}/timeline${before ? `?before=${before}` : ""}`);
    const mine = found.attempts.filter((a) => a.number === trial.number);
    if (mine.length || !found.before) return mine;
    before = found.before;
  }
  return [{ attempt: trial.num_attempts, outcome: trial.state, reason: "", started_at: trial.created_at }];
}

async function refresh() {
  const [trial, job, components, { name }] = await Promise.all([get(`/v1/jobs/${id}/trials/${which}`), get(`/v1/jobs/${id}`), catalogue(), registered()]);
  draw(trial, components, name, job, ...await Promise.all([attemptsOf(trial), get(`/v1/jobs/${id}/trials/${which}/confusion`), get(`/v1/jobs/${id}/trials/${which}/log`)]));
  return [trial, job];
}

async function start() {
  const [trial, job] = await refresh();
  if (FINISHED.has(trial.state) || isTerminal(job)) return;
  const soon = calmly(() => refresh().catch(() => {}));
  listen(id, { last: 0, heard: (event) => { if (event.data.number === trial.number) soon(); } });
}

start().catch((error) => {
  show("#message", notice("bad", h("p", {}, error.message), h("p", {}, h("a", { href: `/jobs/${id}/trials` }, "All trials of the job"))));
  show("#parts");
});
