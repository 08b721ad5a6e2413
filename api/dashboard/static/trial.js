/** One trial: its pipeline, its scores and its curves. */

import { get } from "./api.js";
import { plot } from "./chart.js";
import { catalogue } from "./components.js";
import { copy, given, h, notice, show, table } from "./dom.js";
import { ago, axis, duration, metric, metricName, number, words } from "./format.js";
import { calmly, listen } from "./live.js";
import { registered, studentName } from "./names.js";
import { badge, isTerminal } from "./state.js";

const { job: id, number: which } = given();
const FINISHED = new Set(["complete", "pruned", "failed", "cancelled"]);

/** The measured values of one name by epoch. */
const course = (trial, name) => trial.curve.filter((m) => name in m.values).map((m) => [m.epoch, m.values[name]]);
const measured = (trial, prefix) => [...new Set(trial.curve.flatMap((m) => Object.keys(m.values)))].filter((n) => n.startsWith(prefix));

function message(trial) {
  if (trial.state === "failed") return notice("bad", h("strong", {}, "This trial failed. "), trial.reason);
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

const lossChart = (trial) => plot(h("div"), {
  label: "Loss terms by epoch", x: { name: "epoch" }, y: { name: "loss", tick: number, format: (v) => number(v) },
  series: measured(trial, "loss/").map((name) => ({ name: words(name.slice(5)), colour: { total: "ink", hard: 4, soft: 0, intermediate: 2 }[name.slice(5)] ?? 7, bold: name === "loss/total", marks: true, points: course(trial, name) })),
});

function draw(trial, components, name) {
  show("#state", badge(trial.state));
  const facts = [`Proposed by ${trial.origin === "user" ? "you" : `the ${trial.origin}`}`, `student ${studentName(trial.spec.student, name)}`, `${trial.epochs_done} of ${trial.spec.pipeline.training.num_epochs} epochs`,
    trial.seconds ? duration(trial.seconds) : "", trial.num_attempts > 1 ? `${trial.num_attempts} attempts` : "", `seed ${trial.spec.seed}`, trial.finished_at ? ago(trial.finished_at) : ""];
  show("#subtitle", facts.filter(Boolean).join(" · "));
  show("#message", message(trial));
  const json = JSON.stringify(trial.spec.pipeline, null, 2);
  show("#pipeline",
    trial.reason && trial.state !== "failed" && h("p", {}, h("strong", {}, "Why: "), trial.reason),
    components.inWords(trial.spec.pipeline),
    h("details", {}, h("summary", {}, "As JSON"), h("pre", { tabindex: 0 }, json)));
  show("#actions",
    h("button", { type: "button", click: () => copy(json, "Pipeline") }, "Copy pipeline"),
    h("a", { class: "button primary", href: `/jobs/new?from=${id}#start=${encodeURIComponent(JSON.stringify([trial.spec.pipeline]))}` }, "Start a job from it"));
  show("#scores", scores(trial));
  const waiting = h("p", { class: "pending" }, FINISHED.has(trial.state) ? "No epoch was finished." : "Curves appear with the first epochs.");
  show("#dev", trial.curve.length ? devCharts(trial) : waiting);
  show("#loss", trial.curve.length ? lossChart(trial) : waiting.cloneNode(true));
  document.querySelector("#parts").removeAttribute("aria-busy");
}

async function refresh() {
  const [trial, components, { name }] = await Promise.all([get(`/v1/jobs/${id}/trials/${which}`), catalogue(), registered()]);
  draw(trial, components, name);
  return trial;
}

async function start() {
  const [trial, job] = await Promise.all([refresh(), get(`/v1/jobs/${id}`)]);
  if (FINISHED.has(trial.state) || isTerminal(job)) return;
  const soon = calmly(() => refresh().catch(() => {}));
  listen(id, { last: 0, heard: (event) => { if (event.data.number === trial.number) soon(); } });
}

start().catch((error) => {
  show("#message", notice("bad", h("p", {}, error.message), h("p", {}, h("a", { href: `/jobs/${id}/trials` }, "All trials of the job"))));
  show("#parts");
});
